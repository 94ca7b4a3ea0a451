import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { within } from "../../e2e/support/deadline.mjs";
import { Inbox } from "../../e2e/support/inbox.mjs";
import { fromJson, toJson } from "./values.mjs";

const START_DEADLINE_MS = 20_000;
const COMMAND_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 5_000;

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** A process that executes the commands of the control protocol: a node, or an emitter. */
export class Process {
  #child;
  #inbox = new Inbox();
  #next = 1;
  #pending = new Map();
  #stopping = false;

  /** Starts a process: a program with its arguments. */
  constructor(name, [program, ...args], redis) {
    const child = spawn(program, [...args, "--name", name, "--redis", redis.url], { stdio: ["pipe", "pipe", "inherit"] });
    this.name = name;
    this.#child = child;
    children.add(child);
    child.stdin.on("error", () => {}); // the process has ended, which `exit` reports
    createInterface({ input: child.stdout }).on("line", (line) => this.#receive(JSON.parse(line)));
    child.on("error", (error) => this.#end(error.message));
    child.on("exit", (code, signal) => {
      children.delete(child);
      this.#end(signal ?? `code ${code}`);
    });
  }

  /** Waits until the process is ready. */
  async ready() {
    const start = this.#inbox.take(({ ready, exit }) => ready || exit, `${this.name} is ready`, START_DEADLINE_MS);
    const { exit, port } = await start;
    if (exit) throw new Error(exit);
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Executes a command; throws an error, with the received `acks` if there are any, if the process reports one. */
  call(name, command = {}) {
    if (this.exited) throw new Error(this.exited);
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify({ id, do: name, ...toJson(command) })}\n`);
    const result = within(answer, `${this.name}: ${name}`, COMMAND_DEADLINE_MS).finally(() => this.#pending.delete(id));
    result.catch(() => {}); // a case that has failed does not wait for it
    return result;
  }

  /** Emits an event to the sockets of a target: `{ nsp, rooms, except, flags }`. */
  emit(target, event, ...args) {
    return this.call("emit", { ...target, event, args });
  }

  /** Returns the arguments of the next server event of this name whose arguments match. */
  async serverEvent(nsp, name, matches) {
    const wanted = (item) => item.event === "server" && item.nsp === nsp && item.name === name && matches(item.args);
    return (await this.#inbox.take(wanted, `${this.name}: the server event ${name}`)).args;
  }

  /** Returns the server events that were received and not taken. */
  serverEvents() {
    return this.#inbox.peek(({ event }) => event === "server");
  }

  async stop() {
    if (this.exited) return;
    this.#stopping = true;
    const exit = once(this.#child, "exit");
    this.call("stop").catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_DEADLINE_MS);
    await exit;
    clearTimeout(timer);
  }

  #receive(message) {
    const pending = this.#pending.get(message.id);
    if (message.id === undefined) this.#inbox.push(fromJson(message));
    else if (message.error === undefined) pending?.resolve(fromJson(message.result));
    else pending?.reject(Object.assign(new Error(`${this.name}: ${message.error}`), { acks: fromJson(message.acks) }));
  }

  #end(reason) {
    this.exited = `${this.name} has ended (${reason})`;
    this.#inbox.push({ exit: this.exited });
    for (const { reject } of this.#pending.values()) reject(new Error(this.exited));
    if (!this.#stopping) console.error(this.exited);
  }
}

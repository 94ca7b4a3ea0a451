// Starts the example and gives it commands. Used by client.mjs and by the test in a browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

export class Program {
  /** The process of each name. */
  processes = new Map();
  #lines = [];

  /** Starts the program with a proxy: nginx, haproxy or caddy. */
  static async start(path, proxy) {
    const program = new Program();
    const env = { ...process.env, PORT: await freePort() };
    program.child = spawn(path, ["--proxy", proxy], { env, stdio: ["pipe", "pipe", "inherit"] });
    program.child.on("exit", () => (program.ended = true));
    process.on("exit", () => program.child.kill("SIGINT"));
    await once(program.child, "spawn");
    createInterface({ input: program.child.stdout }).on("line", (line) => {
      program.#lines.push(line);
      const [, name, id] = /^(.*): process (\d+)/.exec(line) ?? [];
      if (name) program.processes.set(name, Number(id));
    });
    [, program.url] = await program.#prints(/^the chat is at (.*)$/, 0);
    return program;
  }

  /** Ends a process without notice. */
  kill(name) {
    return this.#command(`kill ${name}`, new RegExp(`^${name} has ended`));
  }

  /** Asks a process to end. */
  stop(name) {
    return this.#command(`stop ${name}`, new RegExp(`^${name} has ended`));
  }

  /** Starts a process that has ended. */
  start(name) {
    return this.#command(`start ${name}`, new RegExp(`^${name}: process`));
  }

  /** Ends everything as Ctrl-C does, and returns the exit status and the names of processes that are still there. */
  async end() {
    this.child.kill("SIGINT");
    const [status] = this.ended ? [this.child.exitCode] : await once(this.child, "exit");
    const left = [...this.processes].filter(([, id]) => isRunning(id)).map(([name]) => name);
    return { status, left };
  }

  async #command(command, printed) {
    const from = this.#lines.length;
    this.child.stdin.write(`${command}\n`);
    await this.#prints(printed, from);
  }

  async #prints(pattern, from) {
    for (let tries = 0; tries < 1000; tries += 1) {
      const match = this.#lines.slice(from).map((line) => pattern.exec(line)).find(Boolean);
      if (match) return match;
      if (this.ended) throw new Error("the example has ended");
      await delay(20);
    }
    throw new Error(`the example has not printed ${pattern}`);
  }
}

function isRunning(id) {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

// Runs the example and checks it as its users would: node client.mjs PROGRAM [nginx|haproxy|caddy]
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";

const [program, proxy = "nginx"] = process.argv.slice(2);
const example = spawn(program, ["--proxy", proxy], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => example.kill("SIGINT"));
const processes = new Map();
const url = await new Promise((resolve, reject) => {
  example.on("exit", (code) => reject(new Error(`the example has ended with ${code}`)));
  createInterface({ input: example.stdout }).on("line", (line) => {
    const [, name, pid] = /^(.*): process (\d+)$/.exec(line) ?? [];
    if (pid) processes.set(name, Number(pid));
    const [, address] = /^the chat is at (.*)$/.exec(line) ?? [];
    if (address) resolve(address);
  });
});

async function until(what, condition) {
  for (let tries = 0; !(await condition()); tries += 1) {
    assert.ok(tries < 300, `timed out: ${what}`);
    await delay(100);
  }
}

class Person {
  heard = [];
  people = [];

  constructor(name, transports) {
    this.name = name;
    // Node's client keeps cookies with `withCredentials`, as browsers do by themselves.
    this.socket = io(url, { transports, auth: { name }, forceNew: true, withCredentials: true, reconnectionDelay: 200 });
    this.socket.on("you", ({ node }) => (this.node = node));
    this.socket.on("disconnect", () => (this.node = undefined));
    this.socket.on("people", (people) => (this.people = people));
    this.socket.on("said", (person, text) => this.heard.push(`${person.name} on ${person.node}: ${text}`));
  }
}

for (const path of ["/", "/chat.js", "/vendor/socket.io.min.js"]) assert.equal((await fetch(url + path)).status, 200, path);
const kinds = [["polling"], ["polling", "websocket"], ["websocket"]];
const everybody = [];
for (let n = 0; n < 9; n += 1) {
  const person = new Person(`person ${n}`, kinds[n % 3]);
  everybody.push(person);
  await until(`${person.name} is connected`, () => person.node);
}
const nodes = () => [...new Set(everybody.map(({ node }) => node))].sort();
assert.deepEqual(nodes(), ["node-a", "node-b", "node-c"], "they are spread over all servers");

async function talk() {
  for (const person of everybody) {
    const text = `hello ${Math.random()}`;
    person.socket.emit("say", text);
    const line = `${person.name} on ${person.node}: ${text}`;
    await until(`all hear ${line}`, () => everybody.every(({ heard }) => heard.filter((other) => other === line).length === 1));
  }
}

async function seeEachOther() {
  const expected = JSON.stringify(everybody.map(({ name, node }) => ({ name, node })).sort((a, b) => a.name.localeCompare(b.name)));
  const sorted = (people) => JSON.stringify([...people].sort((a, b) => a.name.localeCompare(b.name)).map(({ name, node }) => ({ name, node })));
  await until("all see each other", () => everybody.every(({ people }) => sorted(people) === expected));
}

await seeEachOther();
await talk();
for (const killed of ["node-b", "node-c"]) {
  const moved = everybody.filter(({ node }) => node === killed);
  assert.ok(moved.length > 0);
  process.kill(processes.get(killed), "SIGKILL");
  await until(`the clients of ${killed} are elsewhere`, () => everybody.every(({ node }) => node && node !== killed));
  // Whoever was connected to another server has stayed there.
  await seeEachOther();
  await talk();
  console.log(`${killed} is gone: ${moved.length} clients moved to ${nodes().join(", ")}`);
}
for (const { socket } of everybody) socket.disconnect();
console.log(`the cluster behind ${proxy} works`);
process.exit(0);

// Runs the example and checks it with the stock client: node client.mjs PROGRAM [nginx|haproxy|caddy]
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";
import { Program } from "./program.mjs";

const [path = "target/debug/cluster", proxy = "nginx"] = process.argv.slice(2);
const NODES = ["node-a", "node-b", "node-c"];

async function until(what, condition) {
  const start = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - start < 30_000, `timed out: ${what}`);
    await delay(20);
  }
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

class Person {
  heard = [];
  people = [];

  constructor(name, transports) {
    this.name = name;
    // Browsers send cookies by themselves, Node's client with `withCredentials`.
    const options = { forceNew: true, withCredentials: true, reconnectionDelay: 200, reconnectionDelayMax: 1000 };
    this.socket = io(program.url, { transports, auth: { name }, ...options });
    this.socket.on("you", ({ node }) => (this.node = node));
    this.socket.on("disconnect", () => (this.node = undefined));
    this.socket.on("people", (people) => (this.people = people));
    this.socket.on("said", (person, text) => this.heard.push(`${person.name} on ${person.node}: ${text}`));
  }
}

/** Each person is heard once by all. */
async function talk(people = everyone) {
  for (const person of people) {
    const text = `hello ${Math.random()}`;
    const line = `${person.name} on ${person.node}: ${text}`;
    person.socket.emit("say", text);
    const times = ({ heard }) => heard.filter((other) => other === line).length;
    await until(`all hear ${line}`, () => people.every((other) => times(other) >= 1));
    for (const other of people) assert.equal(times(other), 1, `${other.name} hears ${line}`);
  }
}

const list = (people) => people.map(({ name, node }) => `${name} on ${node}`).sort().join(", ");
const seeEachOther = (people = everyone) =>
  until("all see each other", () => people.every((person) => list(person.people) === list(people)));
const on = (node) => everyone.filter((person) => person.node === node);
const areElsewhere = (node) =>
  until(`the clients of ${node} are elsewhere`, () => everyone.every((person) => person.node && person.node !== node));

const program = await Program.start(path, proxy);
const everyone = [];

for (let round = 0; round < NODES.length; round += 1) {
  for (const file of ["/", "/chat.js", "/style.css", "/socket.io/socket.io.min.js"]) {
    assert.equal((await fetch(program.url + file)).status, 200, file);
  }
}

const kinds = [["polling"], ["polling", "websocket"], ["websocket"]];
for (let n = 0; n < 9; n += 1) {
  const person = new Person(`person ${n}`, kinds[n % kinds.length]);
  everyone.push(person);
  await until(`${person.name} is connected`, () => person.node);
}
for (const node of NODES) assert.ok(on(node).length > 0, `${node} has clients`);
await seeEachOther();
await talk();
console.log(`nine people on three nodes: ${list(everyone)}`);

const nameless = io(program.url, { auth: {}, forceNew: true, withCredentials: true });
const error = await new Promise((resolve) => nameless.on("connect_error", resolve));
assert.equal(error.message, "a name has 1 to 20 characters");
nameless.disconnect();

// A node of each kind is killed, with a client that does not come back, and one ends in an orderly way.
for (const [end, node] of [["kill", "node-b"], ["kill", "node-c"], ["stop", "node-a"], ["stop", "node-c"]]) {
  const leaver = new Person(`leaver of ${node}`, ["polling"]);
  await until("the leaver is connected", () => leaver.node);
  await until("the leaver is seen", () => everyone.every((person) => person.people.length === everyone.length + 1));
  const ids = new Map(everyone.map((person) => [person, person.socket.id]));
  const moved = on(node);
  if (leaver.node === node) leaver.socket.io.reconnection(false);
  else leaver.socket.disconnect();
  await program[end](node);
  const back = await areElsewhere(node);
  const seen = await seeEachOther();
  for (const person of everyone) {
    assert.equal(person.socket.id === ids.get(person), !moved.includes(person), `${person.name} has stayed on its node`);
  }
  await talk();
  console.log(`${end} ${node}: ${moved.length} clients are elsewhere after ${back}, and all see it ${seen} later`);
  leaver.socket.disconnect();

  await program.start(node);
  const arrived = [];
  await until(`a new client is on ${node}`, async () => {
    const person = new Person(`new ${arrived.length} on ${node}`, ["polling"]);
    arrived.push(person);
    await until("it is connected", () => person.node);
    return person.node === node;
  });
  everyone.push(arrived.pop());
  for (const { socket } of arrived) socket.disconnect();
  await seeEachOther();
  await talk();
  console.log(`start ${node}: new clients are there`);
}

// Without Redis, each node is a chat of its own.
await program.kill("redis");
for (const node of NODES) await talk(on(node));
console.log("without Redis: the people of a node hear each other");
await program.start("redis");
const again = await seeEachOther();
await until("all nodes are connected", async () => {
  const [{ socket, name, node }, text] = [everyone[0], `${Math.random()}`];
  socket.emit("say", text);
  await delay(500);
  return everyone.every(({ heard }) => heard.includes(`${name} on ${node}: ${text}`));
});
await talk();
console.log(`with Redis again: all see each other after ${again}`);

for (const { socket } of everyone) socket.disconnect();
assert.deepEqual(await program.end(), { status: 0, left: [] });
console.log(`the cluster behind ${proxy} works`);

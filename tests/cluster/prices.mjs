// Measures the CPU time that Redis takes to pass a broadcast on, by the number of nodes that receive it.
//
//   node prices.mjs [bytes]
//
// Each node has the subscriptions of a server with the namespaces `/` and `/chat`. The price of a node is the difference
// to the line before, divided by the number of nodes that were added.
import { connect } from "node:net";
import { once } from "node:events";
import { Redis } from "./support/redis.mjs";

const BYTES = Number(process.argv[2] ?? 230); // an event of 64 bytes with its envelope, for a room
const NODES = [0, 1, 10, 50, 100, 200];
const COPIES = 2_000_000;
const PIPELINE = 64;
const CHANNEL = "socket.io#/chat#room#";

const redis = await Redis.start();
await redis.client.sendCommand(["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"]);
console.log(`${BYTES} bytes\n\nnodes  µs of Redis per message  per node  messages/s`);
let before;
for (const nodes of NODES) {
  const subscribers = await Promise.all(Array.from({ length: nodes }, subscribe));
  const publisher = await open();
  const messages = Math.ceil(COPIES / Math.max(nodes, 10) / PIPELINE) * PIPELINE;
  await publish(publisher, messages / 10);
  const [cpu, start] = [await cpuOfRedis(), performance.now()];
  await publish(publisher, messages);
  const seconds = (performance.now() - start) / 1000;
  await received(subscribers);
  const price = ((await cpuOfRedis()) - cpu) / messages;
  const each = before ? ((price - before.price) / (nodes - before.nodes)).toFixed(2) : "";
  const columns = [`${nodes}`.padStart(5), price.toFixed(2).padStart(24), each.padStart(9)];
  console.log([...columns, `${Math.round(messages / seconds)}`.padStart(11)].join(" "));
  before = { nodes, price };
  for (const socket of [publisher, ...subscribers]) socket.destroy();
  await received([]);
}
await redis.stop();

async function open() {
  const { hostname, port } = new URL(redis.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  return socket;
}

async function subscribe() {
  const socket = await open();
  socket.write(command("PSUBSCRIBE", "socket.io#/#*", "socket.io#/chat#*"));
  socket.write(command("SUBSCRIBE", "socket.io-request#/chat#", "socket.io-response#/chat#"));
  await once(socket, "data");
  return socket.resume();
}

/** Publishes messages in pipelines, each after the replies to the one before. */
async function publish(socket, messages) {
  const pipeline = command("PUBLISH", CHANNEL, "x".repeat(BYTES)).repeat(PIPELINE);
  for (let sent = 0; sent < messages; sent += PIPELINE) {
    socket.write(pipeline);
    for (let replies = 0; replies < PIPELINE; ) {
      const [reply] = await once(socket, "data");
      for (const byte of reply) if (byte === 10) replies += 1;
    }
  }
}

/** Waits until Redis has written everything to its subscribers. */
async function received(subscribers) {
  const pending = async () => {
    const list = `${await redis.client.sendCommand(["CLIENT", "LIST", "TYPE", "pubsub"])}`;
    const clients = list.split("\n").filter((line) => line !== "");
    return clients.length !== subscribers.length || clients.some((client) => !/ oll=0 /.test(client));
  };
  while (await pending());
}

/** Returns the CPU time that Redis has taken, in microseconds. */
async function cpuOfRedis() {
  const info = `${await redis.client.sendCommand(["INFO", "cpu"])}`;
  const seconds = (name) => Number(info.match(new RegExp(`^${name}:(.*)$`, "m"))[1]);
  return (seconds("used_cpu_user") + seconds("used_cpu_sys")) * 1e6;
}

function command(...words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

// The client half of the `hyper` example: node examples/hyper/client.mjs [URL]
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const url = process.argv[2] ?? `http://127.0.0.1:${process.env.PORT ?? 3000}`;

// The stock client: installed here, or for the tests of this workspace (`npm ci` in tests/e2e).
const require = createRequire(import.meta.url);
const load = (name) => {
  try {
    return require(name);
  } catch {
    return require(`../../tests/e2e/node_modules/${name}`);
  }
};
const { io } = load("socket.io-client");

const once = (socket, event) => new Promise((resolve) => socket.once(event, resolve));
const connect = async (transport) => {
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false, ackTimeout: 5000 });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  console.log(`connected by ${transport}: ${socket.id}`);
  return socket;
};

// Whatever is missing ends in a failure, not in silence.
setTimeout(() => {
  console.error("something was expected and did not happen");
  process.exit(1);
}, 60_000).unref();

const page = await fetch(url);
assert.equal(page.status, 200);
console.log(`the server's own route: ${(await page.text()).trim()}`);

const ada = await connect("websocket");
const bob = await connect("polling");

const sum = await ada.emitWithAck("add", 2, 3);
assert.equal(sum, 5);
console.log(`add(2, 3) was acked with ${sum}`);

const echo = once(ada, "echo");
ada.emit("echo", "hello");
assert.equal(await echo, "hello");
console.log("echo came back");

await Promise.all([ada, bob].map((socket) => socket.emitWithAck("join", "tea")));
const heard = once(bob, "said");
ada.on("said", () => assert.fail("who speaks is not told"));
await ada.emitWithAck("say", "tea", "it is ready");
assert.equal(await heard, "it is ready");
console.log("bob heard what ada said in the room");

ada.disconnect();
bob.disconnect();
console.log("all as expected");

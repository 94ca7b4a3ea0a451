// The client half of the `blocking` example: node examples/blocking/client.mjs [URL]
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
const connect = async (transport, prepare) => {
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false, ackTimeout: 5000 });
  prepare(socket);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  console.log(`connected by ${transport}: ${socket.id}`);
  return socket;
};

// Whatever is missing ends in a failure, not in silence.
setTimeout(() => {
  console.error("something was expected and did not happen");
  process.exit(1);
}, 60_000).unref();

// The server asks each client as soon as it is connected, so the answer must be ready before.
const questions = [];
const answering = (name) => (socket) =>
  socket.on("who", (question, answer) => {
    questions.push(question);
    answer(name);
  });
const ada = await connect("websocket", answering("ada"));
const bob = await connect("websocket", answering("bob"));

const sum = await ada.emitWithAck("add", 2, 3);
assert.equal(sum, 5);
console.log(`add(2, 3) was acked with ${sum}`);

const value = { text: "hello", list: [1, 2, 3] };
const echo = once(ada, "echo");
ada.emit("echo", value);
assert.deepEqual(await echo, value);
console.log("echo came back");

const heard = Promise.all([once(ada, "said"), once(bob, "said")]);
ada.emit("say", "to all");
assert.deepEqual(await heard, ["to all", "to all"]);
console.log("all heard the broadcast");

// Packets keep their order, so both questions came before that.
assert.deepEqual(questions, ["are you?", "are you?"]);
console.log("both were asked, and have answered");

// Other namespaces are refused, and other transports are, too.
const other = io(`${url}/other`, { transports: ["websocket"], forceNew: true, reconnection: false });
const refusal = await once(other, "connect_error");
assert.equal(refusal.message, "Invalid namespace");
other.disconnect();

ada.disconnect();
bob.disconnect();
console.log("all as expected");

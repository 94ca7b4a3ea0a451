// The client half of the `blocking` example: node examples/blocking/client.mjs [URL]
import assert from "node:assert/strict";
import { connected, once, open } from "../client.mjs";

// The server asks each client as soon as it is connected, so the answer must be ready before.
const questions = [];
const client = (name) => {
  const socket = open({ transports: ["websocket"] });
  socket.on("who", (question, answer) => {
    questions.push(question);
    answer(name);
  });
  return connected(socket);
};
const ada = await client("ada");
const bob = await client("bob");

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

// Other namespaces are refused.
const other = open({ transports: ["websocket"] }, "/other");
const refusal = await once(other, "connect_error");
assert.equal(refusal.message, "Invalid namespace");
other.disconnect();

ada.disconnect();
bob.disconnect();
console.log("all as expected");

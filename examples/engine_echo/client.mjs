// The client half of the `engine_echo` example: node examples/engine_echo/client.mjs [URL]
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { load, once, url } from "../client.mjs";

const { Socket } = load("engine.io-client");

const messages = ["hello", "ünïcödé 😀", "x".repeat(100_000), [], [0, 1, 254, 255], Array(100_000).fill(7)].map(
  (message) => (typeof message === "string" ? message : Uint8Array.from(message)),
);

// Sends all of them, and sees that they come back in order.
const echo = async (socket) => {
  const back = [];
  const all = new Promise((resolve) =>
    socket.on("message", (data) => {
      back.push(typeof data === "string" ? data : new Uint8Array(data));
      if (back.length === messages.length) resolve();
    }),
  );
  messages.forEach((message) => socket.send(message));
  await all;
  socket.off("message");
  messages.forEach((message, at) => assert.ok(isDeepStrictEqual(back[at], message), `message ${at} came back`));
};

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  const upgrades = transports.length > 1;
  const socket = new Socket(url, { transports, upgrade: upgrades });
  socket.binaryType = "arraybuffer";
  const upgraded = once(socket, "upgrade");
  await once(socket, "open");
  assert.equal(socket.transport.name, transports[0]);
  await echo(socket);
  if (upgrades) {
    await upgraded;
    assert.equal(socket.transport.name, "websocket");
    await echo(socket);
  }
  console.log(`${transports.join(" and ")}: all came back`);
  const closed = once(socket, "close");
  socket.close();
  assert.equal(await closed, "forced close");
}

// A request that makes no sense is answered as the stock server answers it.
const refused = await fetch(new URL("/engine.io/?EIO=4&transport=polling&sid=unknown", url));
assert.equal(refused.status, 400);
assert.deepEqual(await refused.json(), { code: 1, message: "Session ID unknown" });
console.log("all as expected");

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { join, open } from "../support/peer.mjs";

const UPGRADE = { transports: ["polling", "websocket"], ends: "websocket" };

const numbers = (length) => Array.from({ length }, (_, i) => i);

describe("upgrade", () => {
  test("starts on polling and ends on WebSocket, in the same session", async (t) => {
    const peer = open(t, UPGRADE);
    await peer.connected();
    const { id } = peer.engine;
    await peer.settled();
    assert.equal(peer.engine.id, id);
    assert.equal(await peer.call("transport"), "websocket");
  });

  test("events sent while it runs arrive once and in order", async (t) => {
    const peer = open(t, UPGRADE);
    await peer.connected();
    let sent = 0;
    while (peer.engine.transport.name !== "websocket") {
      peer.emit("echo", sent++);
      await new Promise(setImmediate);
    }
    const tail = sent + 50;
    while (sent < tail) peer.emit("echo", sent++);
    await peer.take("echo", (n) => n === tail - 1);
    assert.deepEqual(peer.received("echo").map(([n]) => n), numbers(tail - 1));
  });

  test("events the server sends while it runs arrive once and in order", async (t) => {
    const peer = open(t, UPGRADE);
    await peer.connected();
    peer.emit("burst", 300);
    await peer.settled();
    await peer.take("burst", (n) => n === 299);
    assert.deepEqual(peer.received("burst").map(([n]) => n), numbers(299));
  });

  test("acks survive the switch", async (t) => {
    const peer = open(t, UPGRADE);
    await peer.connected();
    const slow = peer.call("slow", 300);
    const sums = Promise.all(numbers(20).map((n) => peer.call("sum", n, n)));
    await peer.settled();
    assert.deepEqual(await sums, numbers(20).map((n) => n + n));
    await slow;
  });

  test("binary events survive the switch", async (t) => {
    const peer = open(t, UPGRADE);
    await peer.connected();
    const acks = numbers(20).map((n) => peer.call("bin", { name: `${n}`, data: Buffer.from([n]), nested: [Buffer.from([n, n])] }));
    await peer.settled();
    assert.deepEqual(await Promise.all(acks), numbers(20).map((n) => Buffer.from([n])));
  });

  test("twenty sessions upgrade at once, under traffic", async (t) => {
    const peers = numbers(20).map(() => open(t, UPGRADE));
    await Promise.all(
      peers.map(async (peer) => {
        await peer.connected();
        peer.emit("burst", 50);
        await peer.settled();
        await peer.take("burst", (n) => n === 49);
        assert.deepEqual(peer.received("burst").map(([n]) => n), numbers(49));
      }),
    );
  });

  test("all namespaces move together", async (t) => {
    const peer = open(t, UPGRADE);
    const chat = peer.of("/chat");
    await chat.connected();
    await peer.connected();
    await peer.settled();
    await chat.take("hello");
    await chat.fence();
    await peer.fence();
  });

  test("a client that declines it stays on polling", async (t) => {
    const peer = await join(t, { transports: ["polling", "websocket"], ends: "polling" }, { upgrade: false });
    assert.equal(await peer.call("transport"), "polling");
  });

  test("a client may leave while it runs", async (t) => {
    const observer = await join(t, UPGRADE);
    const peer = open(t, UPGRADE);
    await peer.connected();
    const { id } = peer;
    peer.engine.close();
    const [left] = await observer.take("left", (left) => left.id === id);
    // It is a race: the server sees the close packet first, or the end of a connection.
    assert.match(left.reason, /^transport (close|error)$/);
  });
});

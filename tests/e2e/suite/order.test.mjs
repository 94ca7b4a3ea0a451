import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join, open } from "../support/peer.mjs";

const numbers = (length) => Array.from({ length }, (_, n) => n);
const values = (events) => events.map(([value]) => value);

eachTransport((transport) => {
  test("two hundred events to the server are handled in order", async (t) => {
    const peer = await join(t, transport);
    for (const n of numbers(200)) peer.emit("echo", n);
    await peer.take("echo", (n) => n === 199);
    assert.deepEqual(values(peer.received("echo")), numbers(199));
  });

  test("two hundred events from the server arrive in order", async (t) => {
    const peer = await join(t, transport);
    peer.emit("burst", 200);
    await peer.take("burst", (n) => n === 199);
    assert.deepEqual(values(peer.received("burst")), numbers(199));
  });

  test("both directions at once keep their order", async (t) => {
    const peer = await join(t, transport);
    peer.emit("burst", 100);
    for (const n of numbers(100)) peer.emit("echo", n);
    peer.emit("burst", 100);
    await peer.take("echo", (n) => n === 99);
    await peer.fence();
    assert.deepEqual(values(peer.received("echo")), numbers(99));
    assert.deepEqual(values(peer.received("burst")), [...numbers(100), ...numbers(100)]);
  });

  test("five hundred events emitted before the connection stands all arrive", async (t) => {
    const peer = open(t, transport);
    for (const n of numbers(500)) peer.emit("echo", n);
    await peer.take("echo", (n) => n === 499);
    assert.deepEqual(values(peer.received("echo")), numbers(499));
    await peer.settled();
  });

  test("five hundred events emitted in the connect event all arrive", async (t) => {
    const peer = open(t, transport);
    peer.socket.on("connect", () => numbers(500).forEach((n) => peer.emit("echo", n)));
    await peer.take("echo", (n) => n === 499);
    assert.deepEqual(values(peer.received("echo")), numbers(499));
    await peer.settled();
  });

  test("five hundred events wait for a connect handler that takes its time", async (t) => {
    const root = await join(t, transport);
    const slow = root.of("/slow-connect");
    const acks = Promise.all(numbers(500).map((n) => slow.call("n", n)));
    const [alive] = await slow.take("are-you-there");
    await root.fence();
    alive();
    assert.deepEqual(await acks, numbers(500).map((n) => n + 1));
  });

  test("the welcome is the first event", async (t) => {
    const peer = open(t, transport);
    const events = [];
    for (const event of ["welcome", "echo"]) peer.socket.on(event, () => events.push(event));
    peer.emit("echo", 1);
    await peer.fence();
    assert.deepEqual(events, ["welcome", "echo", "echo"]);
  });

  test("what a handler emits arrives before its ack", async (t) => {
    const peer = await join(t, transport);
    const arrived = [];
    peer.socket.on("bin", () => arrived.push("bin"));
    const event = { name: "", data: Buffer.from([1]), nested: [Buffer.from([2])] };
    await within(new Promise((resolve) => peer.emit("bin", event, () => resolve(arrived.push("ack")))), "ack");
    await peer.fence();
    assert.deepEqual(arrived, ["bin", "ack"]);
  });

  test("acks and events of quick handlers keep the order of their calls", async (t) => {
    const peer = await join(t, transport);
    const arrived = [];
    peer.socket.on("echo", (n) => arrived.push(n));
    const acks = numbers(50).map((n) => {
      peer.emit("echo", 2 * n);
      return new Promise((resolve) => {
        peer.emit("sum", 2 * n, 1, (sum) => resolve(arrived.push(sum)));
      });
    });
    await within(Promise.all(acks), "acks");
    assert.deepEqual(arrived, numbers(100));
  });

  test("a slow handler does not hold up what follows", async (t) => {
    const peer = await join(t, transport);
    const acked = [];
    const both = new Promise((resolve) => {
      peer.emit("slow", 200, () => resolve(acked.push("slow")));
      peer.emit("sum", 1, 2, () => acked.push("sum"));
    });
    await within(both, "ack of the slow handler");
    assert.deepEqual(acked, ["sum", "slow"]);
  });

  test("ten slow handlers run beside each other", async (t) => {
    const peer = await join(t, transport);
    const started = performance.now();
    await Promise.all(numbers(10).map(() => peer.call("slow", 200)));
    assert.ok(performance.now() - started < 10 * 200, "they ran one after the other");
  });
});

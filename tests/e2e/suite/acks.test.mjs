import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join } from "../support/peer.mjs";
import { ours } from "../support/server.mjs";

const TIMED_OUT = { message: "operation has timed out" };

/** Expects no ack to `event`, shown by an ack that came later and by the client's own timeout. */
async function unacked(peer, ...event) {
  const ack = peer.socket.timeout(300).emitWithAck(...event);
  await assert.rejects(within(ack, "ack or timeout"), TIMED_OUT);
  assert.equal(await peer.call("sum", 20, 22), 42);
}

eachTransport((transport) => {
  test("the server acks with what the handler returns", async (t) => {
    const peer = await join(t, transport);
    assert.equal(await peer.call("sum", 2, 3), 5);
  });

  test("an ack without a value has no arguments", async (t) => {
    const peer = await join(t, transport);
    const args = await within(new Promise((resolve) => peer.emit("noargs", (...args) => resolve(args))), "ack");
    assert.deepEqual(args, []);
  });

  test("a handler that fails is not acked", async (t) => {
    const peer = await join(t, transport);
    await unacked(peer, "fail");
  });

  test("an event nobody listens to is not acked", async (t) => {
    const peer = await join(t, transport);
    await unacked(peer, "nobody-listens", 1);
  });

  test("arguments of the wrong kind are not acked", ours("adds whatever it gets"), async (t) => {
    const peer = await join(t, transport);
    await unacked(peer, "sum", "one", {});
    await unacked(peer, "sum");
  });

  test("a hundred acks in flight find their events", async (t) => {
    const peer = await join(t, transport);
    const sums = Array.from({ length: 100 }, (_, n) => peer.call("sum", n, n));
    assert.deepEqual(await Promise.all(sums), Array.from({ length: 100 }, (_, n) => 2 * n));
  });

  test("the server awaits the client's ack", async (t) => {
    const peer = await join(t, transport);
    peer.socket.on("question", (n, ack) => ack({ answer: n + 22 }));
    peer.emit("ask");
    assert.deepEqual(await peer.take("answered"), [{ answer: 42 }]);
  });

  test("ten questions in flight get an answer each", async (t) => {
    const peer = await join(t, transport);
    const acks = [];
    const asked = new Promise((resolve) => {
      peer.socket.on("question", (_n, ack) => {
        if (acks.push(ack) === 10) resolve();
      });
    });
    for (let n = 0; n < 10; n++) peer.emit("ask");
    await within(asked, "ten questions");
    acks.reverse().forEach((ack, n) => ack(n));
    for (let n = 0; n < 10; n++) await peer.take("answered", (answer) => answer === n);
  });

  test("a client that does not answer runs into the server's timeout", async (t) => {
    const peer = await join(t, transport);
    peer.emit("ask-timeout");
    await peer.take("question");
    assert.deepEqual(await peer.take("unanswered"), []);
  });

  test("an answer that comes too late, or twice, is ignored", async (t) => {
    const peer = await join(t, transport);
    peer.emit("ask-timeout");
    const [, ack] = await peer.take("question");
    await peer.take("unanswered");
    ack("late");
    await peer.fence();
    assert.deepEqual(peer.received("answered"), []);
  });

  test("acks of namespaces on one connection do not mix", async (t) => {
    const root = await join(t, transport);
    const slow = root.of("/slow-connect");
    const [alive] = await slow.take("are-you-there");
    alive();
    const acks = await Promise.all([slow.call("n", 0), root.call("sum", 20, 20), slow.call("n", 1), root.call("sum", 1, 1)]);
    assert.deepEqual(acks, [1, 40, 2, 2]);
  });
});

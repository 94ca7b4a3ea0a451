import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join } from "../support/peer.mjs";
import { ours } from "../support/server.mjs";

const GUARDED = { nsp: "/guarded" };

const loggedIn = async (t, transport) => {
  const peer = await join(t, transport, GUARDED);
  assert.equal(await peer.call("login"), "welcome");
  return peer;
};

eachTransport((transport) => {
  test("a denied event is answered as the error hook says", async (t) => {
    const peer = await join(t, transport, GUARDED);
    // The policy comes first: the argument is not checked.
    assert.deepEqual(await peer.call("number", "no number"), { error: "denied" });
    assert.deepEqual(await peer.call("unknown"), { error: "denied" });
    assert.equal(await peer.call("login"), "welcome");
    assert.equal(await peer.call("number", 7), 7);
  });

  test("a policy is one socket's", async (t) => {
    await loggedIn(t, transport);
    const other = await join(t, transport, GUARDED);
    assert.deepEqual(await other.call("number", 7), { error: "denied" });
  });

  test("what was not handled is answered with its cause", async (t) => {
    const peer = await loggedIn(t, transport);
    assert.deepEqual(await peer.call("fail"), { error: "failed" });
    assert.deepEqual(await peer.call("nobody listens"), { error: "unknown" });
    assert.deepEqual(await peer.call("number", -1), { error: "bad arguments" });
    assert.deepEqual(await peer.call("number", "seven"), { error: "bad arguments" });
  });

  test("a panic ends its handler and nothing else", ours("dies of it"), async (t) => {
    const peer = await loggedIn(t, transport);
    assert.deepEqual(await peer.call("panic"), { error: "internal error" });
    assert.equal(await peer.call("number", 7), 7);
  });

  test("a listener that listens once hears once", async (t) => {
    const peer = await loggedIn(t, transport);
    await peer.socket.emitWithAck("listen-once");
    assert.equal(await peer.call("next"), "once");
    assert.deepEqual(await peer.call("next"), { error: "unknown" });
  });

  test("what is emitted is counted, what is acked is not", async (t) => {
    const peer = await loggedIn(t, transport);
    const before = await peer.call("sent");
    assert.equal(await peer.call("sent"), before);
    peer.emit("tick");
    await peer.take("tick");
    assert.ok((await peer.call("sent")) > before);
  });

  test("a task of a socket ends with it", async (t) => {
    const peer = await loggedIn(t, transport);
    const other = await join(t, transport, GUARDED);
    peer.emit("tick");
    for (let i = 0; i < 3; i++) await peer.take("tick");
    const { id } = peer;
    peer.socket.disconnect();
    await other.take("ticks ended", (gone) => gone === id);
  });
});

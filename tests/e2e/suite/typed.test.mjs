import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join } from "../support/peer.mjs";
import { unique } from "../support/server.mjs";

eachTransport((transport) => {
  test("a namespace by pattern knows what it was called", async (t) => {
    const name = unique("typed");
    const peer = await join(t, transport, { nsp: `/typed/${name}` });
    assert.deepEqual(await peer.take("hello"), [name]);
  });

  test("each name is a namespace of its own, and each socket has its value", async (t) => {
    const nsp = `/typed/${unique("typed")}`;
    const a = await join(t, transport, { nsp });
    const b = await join(t, transport, { nsp });
    const stranger = await join(t, transport, { nsp: `/typed/${unique("typed")}` });
    assert.equal(await a.call("user message", "one"), 1);
    assert.equal(await a.call("user message", "two"), 2);
    assert.equal(await b.call("user message", "three"), 1);
    assert.deepEqual(await b.take("user message"), ["one"]);
    assert.deepEqual(await a.take("user message"), ["three"]);
    assert.equal(await stranger.call("user message", "alone"), 1);
    assert.deepEqual(stranger.received("user message"), []);
    a.socket.disconnect();
    assert.deepEqual(await b.take("gone"), [{ reason: "client namespace disconnect", sent: 2 }]);
  });

  test("its error hook answers, its middleware refuses", async (t) => {
    const nsp = `/typed/${unique("typed")}`;
    const peer = await join(t, transport, { nsp });
    assert.deepEqual(await peer.call("user message", 7), { error: "user message" });
    assert.deepEqual(await peer.call("nobody listens"), { error: "nobody listens" });
    await assert.rejects(join(t, transport, { nsp, auth: { refuse: "not you" } }), { message: "not you" });
  });
});

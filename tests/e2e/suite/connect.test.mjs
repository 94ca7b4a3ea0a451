import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join, open } from "../support/peer.mjs";

eachTransport((transport) => {
  test("the client is welcomed under the id it was given", async (t) => {
    const peer = await join(t, transport);
    const [welcome] = await peer.take("welcome");
    assert.deepEqual(welcome, { id: peer.id, auth: {} });
    assert.match(peer.id, /^[A-Za-z0-9_-]{20}$/);
  });

  test("the socket's id is not the session's id", async (t) => {
    const peer = await join(t, transport);
    assert.match(peer.engine.id, /^[A-Za-z0-9_-]{20}$/);
    assert.notEqual(peer.id, peer.engine.id);
  });

  test("the auth payload arrives as it was given", async (t) => {
    const auth = { token: 'say "hi" ☃ 😀', nested: { list: [1, 2.5, null, true] } };
    const peer = await join(t, transport, { auth });
    const [welcome] = await peer.take("welcome");
    assert.deepEqual(welcome.auth, auth);
  });

  test("the auth payload may come from a function", async (t) => {
    const peer = await join(t, transport, { auth: (send) => send({ token: 1 }) });
    const [welcome] = await peer.take("welcome");
    assert.deepEqual(welcome.auth, { token: 1 });
  });

  test("both sides agree on the transport", async (t) => {
    const peer = await join(t, transport);
    assert.equal(await peer.call("transport"), transport.ends);
  });

  test("unknown query parameters are the application's and do no harm", async (t) => {
    const peer = await join(t, transport, { query: { room: "a b&c", t2: "", transports: "x" } });
    await peer.fence();
  });

  test("events emitted before the connection stands are delivered once it does", async (t) => {
    const peer = open(t, transport, { autoConnect: false });
    peer.emit("echo", "early");
    peer.socket.connect();
    assert.deepEqual(await peer.take("echo"), ["early"]);
    await peer.settled();
  });

  test("twenty clients at once have ids of their own", async (t) => {
    const peers = await Promise.all(Array.from({ length: 20 }, () => join(t, transport)));
    assert.equal(new Set(peers.map((peer) => peer.id)).size, 20);
    const sums = await Promise.all(peers.map((peer, i) => peer.call("sum", i, 1)));
    assert.deepEqual(sums, peers.map((_, i) => i + 1));
  });

  test("a lost connection comes back under a new id", async (t) => {
    const peer = await join(t, transport, { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
    const { id } = peer;
    peer.engine.close();
    assert.deepEqual(await peer.take("disconnect"), ["forced close"]);
    peer.emit("echo", "buffered");
    await peer.connected();
    assert.notEqual(peer.id, id);
    const [welcome] = await peer.take("welcome", ({ id }) => id === peer.id);
    assert.deepEqual(welcome, { id: peer.id, auth: {} });
    assert.deepEqual(await peer.take("echo"), ["buffered"]);
    await peer.settled();
    assert.equal(await peer.call("transport"), transport.ends);
  });

  test("a connection can be given up and opened again by hand", async (t) => {
    const peer = await join(t, transport);
    const { id } = peer;
    peer.socket.disconnect();
    peer.socket.connect();
    await peer.connected();
    assert.notEqual(peer.id, id);
    await peer.settled();
    await peer.fence();
  });

  test("a socket can be connected, left and connected again many times", async (t) => {
    const peer = await join(t, transport);
    for (let i = 0; i < 5; i++) {
      peer.socket.disconnect();
      peer.socket.connect();
      await peer.connected();
      assert.equal(await peer.call("sum", i, 1), i + 1);
    }
  });
});

test("a client that tries WebSocket first stays there", async (t) => {
  const peer = await join(t, { transports: ["websocket", "polling"], ends: "websocket" });
  await peer.fence();
});

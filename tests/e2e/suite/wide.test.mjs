import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join } from "../support/peer.mjs";
import { unique } from "../support/server.mjs";

/** Connects `count` clients that share a room of their own. */
const roomOf = async (t, transport, count) => {
  const room = unique("room");
  const peers = [];
  for (let i = 0; i < count; i++) {
    const peer = await join(t, transport, { nsp: "/wide" });
    await done(peer, "join", room);
    peers.push(peer);
  }
  return [room, ...peers];
};

/** Waits for an ack without a value. */
const done = (peer, ...event) => within(new Promise((resolve) => peer.emit(...event, resolve)), `ack of ${event[0]}`);

eachTransport((transport) => {
  test("a broadcast gathers the answers", async (t) => {
    const [room, a, b, c] = await roomOf(t, transport, 3);
    a.socket.on("question", (_, ack) => ack("a"));
    b.socket.on("question", (_, ack) => ack("b"));
    c.socket.on("question", (_, ack) => ack("c"));
    assert.deepEqual(await a.call("ask-all", room, 5000), ["a", "b", "c"]);
    assert.deepEqual(await a.call("ask-all", unique("empty"), 5000), []);
  });

  test("answers that do not come in time are left out", async (t) => {
    const [room, a, b] = await roomOf(t, transport, 2);
    a.socket.on("question", (_, ack) => ack("a"));
    b.socket.on("question", () => {});
    assert.deepEqual(await a.call("ask-all", room, 200), ["a"]);
  });

  test("sockets are fetched with their rooms and data", async (t) => {
    const [room, a, b] = await roomOf(t, transport, 2);
    await done(a, "set-data", { name: "ada" });
    await done(b, "set-data", [1, 2]);
    const seen = await a.call("fetch", room);
    assert.deepEqual(seen.map(({ id }) => id), [a.id, b.id].sort());
    assert.deepEqual(seen.find(({ id }) => id === a.id), { id: a.id, rooms: ["early", room].sort(), data: { name: "ada" } });
    assert.deepEqual(seen.find(({ id }) => id === b.id).data, [1, 2]);
  });

  test("a room is moved and disconnected", async (t) => {
    const [room, a, b] = await roomOf(t, transport, 2);
    const other = unique("other");
    await done(a, "gather", room, other);
    assert.equal((await a.call("fetch", other)).length, 2);
    await done(a, "scatter", a.id, room);
    assert.deepEqual((await a.call("fetch", room)).map(({ id }) => id), [b.id]);
    a.emit("kick", room, false);
    assert.deepEqual(await b.take("disconnect"), ["io server disconnect"]);
    assert.equal((await a.call("fetch", other)).length, 1);
  });

  test("what happens to a room is told in order", async (t) => {
    const [room, a, b] = await roomOf(t, transport, 2);
    await done(a, "scatter", room, room);
    assert.deepEqual(await b.call("rooms-log", room), ["create", "join", "join", "leave", "leave", "delete"]);
  });

  test("everybody hears, the sender too", async (t) => {
    const [room, a, b] = await roomOf(t, transport, 2);
    a.emit("everybody", room, "hello");
    assert.deepEqual(await a.take("everybody"), ["hello"]);
    assert.deepEqual(await b.take("everybody"), ["hello"]);
  });

  test("send is a message", async (t) => {
    const [, a] = await roomOf(t, transport, 1);
    a.socket.send({ hello: "world" });
    assert.deepEqual(await a.take("message"), [{ hello: "world" }]);
  });

  test("a volatile event that cannot leave at once is dropped", async (t) => {
    const [, a] = await roomOf(t, transport, 1);
    a.emit("volatile-burst", 100);
    await a.take("burst-ended");
    // The first is sent if nothing is queued before it; those right behind it are dropped.
    assert.ok(a.received("volatile").length <= 1, `${a.received("volatile").length} came`);
  });
});

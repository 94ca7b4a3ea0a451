import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join } from "../support/peer.mjs";
import { unique } from "../support/server.mjs";

const join3 = (t, transport) => Promise.all([1, 2, 3].map(() => join(t, transport)));

/** Asserts which peers got `event` with `text`. `sender` sends a last broadcast, after which everything has arrived. */
async function delivered(event, text, { sender, to, notTo }) {
  const last = unique("last");
  sender.emit("all", last);
  const isText = (value) => value === text;
  for (const peer of [...to, ...notTo]) await peer.take("all", (value) => value === last);
  for (const peer of to) assert.equal(peer.received(event).filter(([value]) => isText(value)).length, 1);
  for (const peer of notTo) assert.equal(peer.received(event).filter(([value]) => isText(value)).length, 0);
}

eachTransport((transport) => {
  test("joining and leaving change the socket's rooms", async (t) => {
    const peer = await join(t, transport);
    assert.deepEqual(await peer.call("join", "b"), ["b"]);
    assert.deepEqual(await peer.call("join", "a ☃"), ["a ☃", "b"]);
    assert.deepEqual(await peer.call("join", "b"), ["a ☃", "b"]);
    assert.deepEqual(await peer.call("leave", "b"), ["a ☃"]);
    assert.deepEqual(await peer.call("leave", "never joined"), ["a ☃"]);
  });

  test("a room's members get what is sent to it, except its sender", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const [room, text] = [unique("room"), unique("text")];
    await alice.call("join", room);
    await bob.call("join", room);
    alice.emit("to", room, text);
    await delivered("room", text, { sender: alice, to: [bob], notTo: [alice, carol] });
  });

  test("a socket outside the room may send to it", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const [room, text] = [unique("room"), unique("text")];
    await alice.call("join", room);
    await bob.call("join", room);
    carol.emit("to", room, text);
    await delivered("room", text, { sender: carol, to: [alice, bob], notTo: [carol] });
  });

  test("who has left a room gets nothing from it", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const [room, text] = [unique("room"), unique("text")];
    for (const peer of [alice, bob, carol]) await peer.call("join", room);
    await bob.call("leave", room);
    alice.emit("to", room, text);
    await delivered("room", text, { sender: alice, to: [carol], notTo: [alice, bob] });
  });

  test("every socket has a room under its own id", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const text = unique("text");
    alice.emit("to", bob.id, text);
    await delivered("room", text, { sender: alice, to: [bob], notTo: [alice, carol] });
  });

  test("sending to an empty room reaches nobody", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const text = unique("text");
    alice.emit("to", unique("room"), text);
    await delivered("room", text, { sender: alice, to: [], notTo: [alice, bob, carol] });
  });

  test("what is sent to all reaches the sender, too", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const text = unique("text");
    alice.emit("all", text);
    await delivered("all", text, { sender: alice, to: [alice, bob, carol], notTo: [] });
  });

  test("a broadcast reaches all but the sender", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const text = unique("text");
    alice.emit("broadcast", text);
    await delivered("broadcast", text, { sender: alice, to: [bob, carol], notTo: [alice] });
  });

  test("a room may be excepted", async (t) => {
    const [alice, bob, carol] = await join3(t, transport);
    const [room, text] = [unique("room"), unique("text")];
    await bob.call("join", room);
    alice.emit("except", room, text);
    await delivered("all", text, { sender: alice, to: [alice, carol], notTo: [bob] });
  });

  test("a hundred messages to a room arrive in order", async (t) => {
    const [alice, bob] = await join3(t, transport);
    const room = unique("room");
    await bob.call("join", room);
    for (let n = 0; n < 100; n++) alice.emit("to", room, n);
    await bob.take("room", (n) => n === 99);
    assert.deepEqual(bob.received("room").map(([n]) => n), Array.from({ length: 99 }, (_, n) => n));
  });

  test("rooms do not survive a new connection", async (t) => {
    const peer = await join(t, transport);
    const room = unique("room");
    await peer.call("join", room);
    peer.socket.disconnect();
    peer.socket.connect();
    await peer.connected();
    assert.deepEqual(await peer.call("join", "other"), ["other"]);
  });

  test("a room joined in the same tick as a message to it is joined first", async (t) => {
    const [alice, bob] = await join3(t, transport);
    const [room, text] = [unique("room"), unique("text")];
    await bob.call("join", room);
    alice.emit("join", room);
    alice.emit("to", room, text);
    await bob.take("room", (value) => value === text);
    bob.emit("to", room, text);
    await alice.take("room", (value) => value === text);
  });
});

test("a room spans the transports", async (t) => {
  const polling = await join(t, { transports: ["polling"], ends: "polling" });
  const websocket = await join(t, { transports: ["websocket"], ends: "websocket" });
  const [room, text] = [unique("room"), unique("text")];
  await polling.call("join", room);
  await websocket.call("join", room);
  polling.emit("to", room, text);
  assert.deepEqual(await websocket.take("room"), [text]);
  websocket.emit("to", room, text);
  assert.deepEqual(await polling.take("room"), [text]);
});

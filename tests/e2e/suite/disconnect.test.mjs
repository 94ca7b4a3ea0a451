import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join } from "../support/peer.mjs";
import { FAST, SERVER_URL_FAST, unique } from "../support/server.mjs";

/** Matches both reasons: Node reports an error if it was about to write, for example another test's broadcast. */
const CLOSED = process.env.REFERENCE ? /^transport (close|error)$/ : /^transport close$/;

/** Waits for the `left` event that the others get about a socket, and returns its argument. */
async function leaving(observer, id, ms) {
  const [left] = await observer.take("left", (left) => left.id === id, ms);
  return left;
}

eachTransport((transport) => {
  test("the client leaves", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    peer.socket.disconnect();
    assert.deepEqual(await peer.take("disconnect"), ["io client disconnect"]);
    assert.deepEqual(await leaving(observer, id), { id, reason: "client namespace disconnect", rooms: [] });
  });

  test("the client leaves the namespace only", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    const chat = peer.of("/chat");
    await chat.connected();
    peer.socket.disconnect();
    assert.equal((await leaving(observer, id)).reason, "client namespace disconnect");
    await chat.fence();
  });

  test("the rooms the socket was in are known when it has left", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    const rooms = [unique("a"), unique("b")];
    for (const room of rooms) await peer.call("join", room);
    peer.socket.disconnect();
    assert.deepEqual((await leaving(observer, id)).rooms, rooms.sort());
  });

  test("the server puts the client out of the namespace", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    const chat = peer.of("/chat");
    await chat.connected();
    peer.emit("disconnect-me", false);
    assert.equal((await peer.take("disconnect"))[0], "io server disconnect");
    assert.equal((await leaving(observer, id)).reason, "server namespace disconnect");
    await chat.fence();
    peer.socket.connect();
    await peer.connected();
    assert.notEqual(peer.id, id);
    await peer.fence();
  });

  test("the server closes the connection", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    const chat = peer.of("/chat");
    await chat.connected();
    const closed = new Promise((resolve) => peer.engine.once("close", resolve));
    peer.emit("disconnect-me", true);
    assert.equal((await peer.take("disconnect"))[0], "io server disconnect");
    await chat.take("disconnect");
    await within(closed, "close of the connection");
    assert.equal((await leaving(observer, id)).reason, "server namespace disconnect");
  });

  test("the client closes the transport under the socket", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    await peer.fence();
    peer.engine.close();
    assert.match((await leaving(observer, id)).reason, CLOSED);
  });

  test("one disconnect is told once", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    peer.socket.disconnect();
    peer.engine.close();
    await leaving(observer, id);
    await observer.fence();
    assert.deepEqual(observer.received("left").filter(([left]) => left.id === id), []);
  });

  test("who has left gets nothing more", async (t) => {
    const [observer, peer] = [await join(t, transport), await join(t, transport)];
    const { id } = peer;
    const chat = peer.of("/chat");
    await chat.connected();
    const room = unique("room");
    await peer.call("join", room);
    peer.socket.disconnect();
    await leaving(observer, id);
    observer.emit("to", room, "ghost");
    observer.emit("to", id, "ghost");
    await observer.fence();
    await chat.fence();
    assert.deepEqual(peer.received("room"), []);
  });

  test("a client that goes silent is put out by the ping timeout", async (t) => {
    const observer = await join(t, transport, { url: SERVER_URL_FAST });
    const peer = await join(t, transport, { url: SERVER_URL_FAST });
    const { id } = peer;
    // A stock client always answers pings, so this one is made mute.
    peer.engine.transport.write = () => {};
    const { reason } = await leaving(observer, id, 4 * (FAST.pingInterval + FAST.pingTimeout));
    assert.equal(reason, "ping timeout");
  });

  test("a client that answers pings stays", async (t) => {
    const peer = await join(t, transport, { url: SERVER_URL_FAST });
    const pings = new Promise((resolve) => {
      let seen = 0;
      peer.socket.io.on("ping", () => ++seen === 4 && resolve());
    });
    await within(pings, "four pings");
    await peer.fence();
    assert.deepEqual(peer.received("disconnect"), []);
  });
});

test("a WebSocket cut off is noticed on both sides", async (t) => {
  const transport = { transports: ["websocket"], ends: "websocket" };
  const [observer, peer] = [await join(t, transport), await join(t, transport)];
  const { id } = peer;
  peer.engine.transport.ws.terminate();
  assert.equal((await peer.take("disconnect"))[0], "transport close");
  // Without a close frame, a failed write may be noticed before the failed read.
  assert.match((await leaving(observer, id)).reason, /^transport (close|error)$/);
});

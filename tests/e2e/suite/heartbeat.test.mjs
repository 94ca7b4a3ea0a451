import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PollingSession, RawSocket, probe } from "../support/raw.mjs";
import { FAST, SERVER_URL_FAST as base, ours } from "../support/server.mjs";

/** The delay of a timer on a busy machine, in milliseconds. */
const SLACK_MS = 250;

/** The first ping may be spread a little, but most of the interval has to pass before it. */
const FIRST_PING = { min: FAST.pingInterval * 0.6, max: FAST.pingInterval + SLACK_MS };
const DEATH = { min: (FAST.pingInterval + FAST.pingTimeout) * 0.7, max: FAST.pingInterval + FAST.pingTimeout + SLACK_MS };

function assertBetween(ms, { min, max }) {
  assert.ok(ms >= min && ms <= max, `${Math.round(ms)} ms, not ${min} to ${max}`);
}

describe("heartbeat", () => {
  test("the handshake announces it", async (t) => {
    const { handshake } = await RawSocket.session(t, { base });
    assert.equal(handshake.pingInterval, FAST.pingInterval);
    assert.equal(handshake.pingTimeout, FAST.pingTimeout);
  });

  test("the first ping comes an interval after the handshake, over WebSocket", async (t) => {
    const socket = await RawSocket.session(t, { base });
    const opened = performance.now();
    assert.equal(await socket.text(), "2");
    assertBetween(performance.now() - opened, FIRST_PING);
  });

  test("the first ping comes an interval after the handshake, over polling", async () => {
    const session = await PollingSession.open({ base });
    const opened = performance.now();
    assert.deepEqual(await session.poll(), ["2"]);
    assertBetween(performance.now() - opened, FIRST_PING);
  });

  test("the next ping comes an interval after the pong", async (t) => {
    const socket = await RawSocket.session(t, { base });
    await socket.text((text) => text === "2");
    for (let i = 0; i < 3; i++) {
      socket.send("3");
      const ponged = performance.now();
      assert.equal(await socket.text(), "2");
      assertBetween(performance.now() - ponged, FIRST_PING);
    }
  });

  test("no pong ends a session on WebSocket", async (t) => {
    const socket = await RawSocket.session(t, { base });
    const opened = performance.now();
    await socket.closed();
    assertBetween(performance.now() - opened, DEATH);
  });

  test("no pong ends a session on polling", async () => {
    const session = await PollingSession.open({ base });
    const opened = performance.now();
    assert.deepEqual(await session.poll(), ["2"]);
    const { status, body } = await session.get();
    assertBetween(performance.now() - opened, DEATH);
    // The GET gets the close packet, or arrives after the session has ended.
    if (status === 200) assert.equal(body, "1");
    await session.gone();
  });

  test("a session nobody polls ends, too", async (t) => {
    const observer = await RawSocket.connect(t, { base });
    observer.ws.on("message", (data) => data.toString() === "2" && observer.send("3"));
    const session = await PollingSession.connect({ base });
    const left = await observer.text((text) => text.startsWith('42["left"') && text.includes(session.id));
    assert.equal(JSON.parse(left.slice(2))[1].reason, "ping timeout");
    await session.gone();
  });

  test("the pong to a ping sent on polling may come by WebSocket", async (t) => {
    const session = await PollingSession.open({ base });
    assert.deepEqual(await session.poll(), ["2"]);
    const socket = await probe(t, session);
    socket.send("5", "3");
    assert.equal(await socket.text(), "2");
    socket.send("3");
    assert.equal(await socket.text(), "2");
  });

  test("any message is a sign of life", ours("wants a pong"), async (t) => {
    const socket = await RawSocket.connect(t, { base });
    const opened = performance.now();
    // The client is paced by the server's replies: it sends all the time, but never answers a ping.
    for (let n = 0; performance.now() - opened < 3 * (FAST.pingInterval + FAST.pingTimeout); n++) {
      socket.send(`42${n}["slow",50]`);
      await socket.text((text) => text.startsWith(`43${n}[`));
    }
    assert.ok(socket.received().includes("2"));
  });
});

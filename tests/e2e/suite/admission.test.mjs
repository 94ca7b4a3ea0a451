import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "../support/peer.mjs";
import { SERVER_URL } from "../support/server.mjs";

const POLLING = { name: "polling", transports: ["polling"], ends: "polling" };
const WEBSOCKET = { name: "websocket", transports: ["websocket"], ends: "websocket" };
const HANDSHAKE = `${SERVER_URL}/socket.io/?EIO=4&transport=polling`;

test("a refused client hears of an error, whatever its transport", async (t) => {
  for (const transport of [POLLING, WEBSOCKET]) {
    const peer = open(t, transport, { query: { refuse: "no" } });
    const [error] = await peer.take("connect_error");
    assert.equal(error.message, transport === POLLING ? "xhr poll error" : "websocket error");
    if (transport === POLLING) assert.equal(error.description, 403);
  }
});

test("the refusal is in the answer", async () => {
  const answer = await fetch(`${HANDSHAKE}&refuse=because`);
  assert.equal(answer.status, 403);
  assert.deepEqual(await answer.json(), { code: 4, message: "because" });
});

test("a page of another origin opens no session and no WebSocket", async (t) => {
  const answer = await fetch(HANDSHAKE, { headers: { origin: "https://evil.example" } });
  assert.equal(answer.status, 403);
  assert.deepEqual(await answer.json(), { code: 4, message: "Forbidden" });
  const peer = open(t, WEBSOCKET, { extraHeaders: { origin: "https://evil.example" } });
  await peer.take("connect_error");
});

test("the answer that opens a session has its headers and its cookie", async () => {
  const answer = await fetch(HANDSHAKE);
  const { sid } = JSON.parse((await answer.text()).slice(1));
  assert.equal(answer.headers.get("x-contract"), "1");
  assert.equal(answer.headers.get("set-cookie"), `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
  const posted = await fetch(`${HANDSHAKE}&sid=${sid}`, { method: "POST", body: "40" });
  assert.deepEqual([posted.headers.get("x-contract"), posted.headers.get("set-cookie")], [null, null]);
});

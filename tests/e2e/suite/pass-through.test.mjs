import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { join } from "../support/peer.mjs";
import { answerOf, exchange } from "../support/raw.mjs";
import { SERVER_URL, ours } from "../support/server.mjs";
import { WebSocket } from "ws";

test("the application's routes answer", async () => {
  const { status, body } = await exchange(SERVER_URL);
  assert.deepEqual({ status, body }, { status: 200, body: "ok" });
});

test("the application's 404 is the application's", async () => {
  for (const path of ["/missing", "/socket.iox", "/socket.iox/?EIO=4&transport=polling", "/a/socket.io/?EIO=4&transport=polling"]) {
    const response = await fetch(SERVER_URL + path);
    assert.equal(response.status, 404, path);
  }
});

test("deeper paths are the application's", ours("matches by prefix"), async () => {
  const response = await fetch(`${SERVER_URL}/socket.io/deeper?EIO=4&transport=polling`);
  assert.equal(response.status, 404);
});

test("the path is served without its last slash, too", ours("wants the slash"), async () => {
  const response = await fetch(`${SERVER_URL}/socket.io?EIO=4&transport=polling`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /^0\{"sid":/);
});

test("a large body passes through, whatever our own limit is", async () => {
  const body = Buffer.alloc(5_000_000, "0123456789");
  const response = await fetch(`${SERVER_URL}/echo-body`, { method: "POST", body });
  assert.equal(response.status, 200);
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
});

test("bodies stream through in both directions", async (t) => {
  const request = http.request(`${SERVER_URL}/echo-body`, { method: "POST", agent: false });
  t.after(() => request.destroy());
  request.write("first");
  const response = await within(new Promise((resolve) => request.on("response", resolve)), "head of the answer");
  const chunks = response.setEncoding("utf8")[Symbol.asyncIterator]();
  assert.equal((await within(chunks.next(), "first chunk")).value, "first");
  request.end("second");
  assert.equal((await within(chunks.next(), "second chunk")).value, "second");
});

test("a WebSocket asked for elsewhere is not ours", async (t) => {
  const ws = new WebSocket(`${SERVER_URL.replace("http", "ws")}/?EIO=4&transport=websocket`);
  t.after(() => ws.terminate());
  const outcome = new Promise((resolve) => {
    ws.on("open", () => resolve("open"));
    ws.on("error", () => resolve("refused"));
  });
  assert.equal(await within(outcome, "answer"), "refused");
});

test("the application answers while clients come and go", async (t) => {
  const clients = Promise.all(
    ["polling", "websocket"].map((name) => join(t, { transports: [name], ends: name })),
  );
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(SERVER_URL).then((answer) => answer.text())));
  assert.deepEqual(new Set(answers), new Set(["ok"]));
  for (const client of await clients) await client.fence();
});

test("an application request on the connection of a polling client is answered", async (t) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const get = (path) => {
    const request = http.request(SERVER_URL + path, { agent });
    request.end();
    return answerOf(request, path);
  };
  assert.equal((await get("/socket.io/?EIO=4&transport=polling")).status, 200);
  assert.equal((await get("/")).body, "ok");
  assert.equal((await get("/socket.io/?EIO=4&transport=none")).status, 400);
  assert.equal((await get("/")).body, "ok");
});

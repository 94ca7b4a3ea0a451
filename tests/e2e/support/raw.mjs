// A hand-written Engine.IO client, for requests that a stock client would never send.
import assert from "node:assert/strict";
import http from "node:http";
import { WebSocket } from "ws";
import { within } from "./deadline.mjs";
import { Inbox } from "./inbox.mjs";
import { SERVER_URL } from "./server.mjs";

const SEPARATOR = "\x1e";

/** The broadcasts of other tests on `/`, skipped unless a test asks for them. */
const addressed = (packet) => !/^42\["(left|all|broadcast)"/.test(packet);

export const SESSION_UNKNOWN = '{"code":1,"message":"Session ID unknown"}';

/** Returns the URL of an Engine.IO request; a query value of `undefined` leaves the key out. */
export function engineUrl(query, base = SERVER_URL) {
  const url = new URL("/socket.io/", base);
  for (const [key, value] of Object.entries({ EIO: "4", ...query })) {
    if (value !== undefined) url.searchParams.set(key, value);
  }
  return url;
}

/** Makes one HTTP exchange, on a connection of its own. `body` may be a string, a buffer or a list of chunks. */
export function exchange(url, { method = "GET", headers = {}, body } = {}) {
  const request = http.request(url, { method, headers, agent: false });
  const answer = answerOf(request, `${method} ${url}`);
  if (Array.isArray(body)) {
    for (const chunk of body) request.write(chunk);
    request.end();
  } else {
    request.end(body);
  }
  return answer;
}

/** Returns the response to a request that may still be sending. It counts even if the connection breaks afterwards. */
export function answerOf(request, what) {
  const answer = new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString() });
      });
    });
  });
  return within(answer, what);
}

/** A session on HTTP long-polling. */
export class PollingSession {
  static async open({ base = SERVER_URL } = {}) {
    const { status, body } = await exchange(engineUrl({ transport: "polling" }, base));
    assert.equal(status, 200);
    assert.equal(body[0], "0");
    return new PollingSession(JSON.parse(body.slice(1)), base);
  }

  /** Opens a session that has joined `/` and received its `welcome`. */
  static async connect(options) {
    const session = await PollingSession.open(options);
    await session.send("40");
    const packet = await session.until((packet) => packet.startsWith("40"));
    session.id = JSON.parse(packet.slice(2)).sid;
    await session.until((packet) => packet.startsWith('42["welcome"'));
    return session;
  }

  #packets = [];

  constructor(handshake, base) {
    this.handshake = handshake;
    this.sid = handshake.sid;
    this.base = base;
  }

  get url() {
    return engineUrl({ transport: "polling", sid: this.sid }, this.base);
  }

  get() {
    return exchange(this.url);
  }

  post(body, headers = { "Content-Type": "text/plain;charset=UTF-8" }) {
    return exchange(this.url, { method: "POST", headers, body });
  }

  /** Posts packets and expects the server to accept them. */
  async send(...packets) {
    const { status, body } = await this.post(packets.join(SEPARATOR));
    assert.deepEqual({ status, body }, { status: 200, body: "ok" });
  }

  /** Returns the packets of the next response to a GET that has any for this session alone. */
  async poll() {
    for (;;) {
      const packets = (await this.pollAll()).filter(addressed);
      if (packets.length > 0) return packets;
    }
  }

  /** Returns the packets of the next response to a GET. */
  async pollAll() {
    const { status, body } = await this.get();
    assert.equal(status, 200, body);
    return body.split(SEPARATOR);
  }

  /** Removes and returns the first packet that matches; polls for it if necessary. */
  async until(matches) {
    for (;;) {
      const index = this.#packets.findIndex(matches);
      if (index !== -1) return this.#packets.splice(index, 1)[0];
      this.#packets.push(...(await this.pollAll()));
    }
  }

  /** Polls until the server does not know the session any more; returns the packets of these polls. */
  async drained() {
    const packets = [];
    for (;;) {
      const { status, body } = await this.get();
      if (status !== 200) {
        assert.deepEqual({ status, body }, { status: 400, body: SESSION_UNKNOWN });
        return packets;
      }
      packets.push(...body.split(SEPARATOR));
    }
  }

  /** Expects that the server does not know the session any more. */
  async gone() {
    const { status, body } = await this.get();
    assert.deepEqual({ status, body }, { status: 400, body: SESSION_UNKNOWN });
  }
}

/** A WebSocket that records what it receives: `{ text }`, `{ binary }` and at the end `{ close }`. */
export class RawSocket {
  /** Opens a WebSocket, which is destroyed when the test ends. */
  static async open(t, query = {}, { base = SERVER_URL } = {}) {
    const socket = RawSocket.start(t, query, base);
    await within(socket.opened, "WebSocket handshake");
    return socket;
  }

  /** Opens a session over WebSocket. */
  static async session(t, { base, ...query } = {}) {
    const socket = await RawSocket.open(t, query, { base });
    const open = await socket.text();
    assert.equal(open[0], "0");
    socket.handshake = JSON.parse(open.slice(1));
    return socket;
  }

  /** Opens a session over WebSocket that has joined `/` and received its `welcome`. */
  static async connect(t, options) {
    const socket = await RawSocket.session(t, options);
    socket.send("40");
    const packet = await socket.text((text) => text.startsWith("40"));
    socket.id = JSON.parse(packet.slice(2)).sid;
    await socket.text((text) => text.startsWith('42["welcome"'));
    return socket;
  }

  /** Tries to open a WebSocket and expects a rejection: an HTTP error, or a close as the first message. */
  static async refused(t, query, options = {}) {
    const socket = RawSocket.start(t, query, options.base ?? SERVER_URL);
    const status = await within(
      socket.opened.then(() => 101, () => socket.status),
      "answer to the WebSocket handshake",
    );
    if (status !== 101) return status;
    socket.send("2probe");
    await socket.closed();
    assert.deepEqual(socket.#inbox.peek(() => true), []);
    return status;
  }

  static start(t, query, base) {
    const url = engineUrl({ transport: "websocket", ...query }, base);
    url.protocol = "ws:";
    const ws = new WebSocket(url);
    t.after(() => ws.terminate());
    return new RawSocket(ws);
  }

  #inbox = new Inbox();

  constructor(ws) {
    this.ws = ws;
    this.opened = new Promise((resolve, reject) => {
      ws.on("open", resolve);
      ws.on("error", reject);
    });
    this.opened.catch(() => {});
    ws.on("unexpected-response", (_request, response) => {
      this.status = response.statusCode;
      ws.terminate();
    });
    ws.on("message", (data, isBinary) => this.#inbox.push(isBinary ? { binary: data } : { text: data.toString() }));
    ws.on("close", (close) => this.#inbox.push({ close }));
  }

  send(...packets) {
    for (const packet of packets) this.ws.send(packet);
  }

  /** Returns the first text message that matches. */
  async text(matches = addressed, ms = undefined) {
    const { text } = await this.#inbox.take((item) => item.text !== undefined && matches(item.text), "text message", ms);
    return text;
  }

  /** Returns the first binary message. */
  async binary() {
    const { binary } = await this.#inbox.take((item) => item.binary !== undefined, "binary message");
    return binary;
  }

  /** Returns the received text messages that were not taken. */
  received() {
    return this.#inbox.peek((item) => item.text !== undefined && addressed(item.text)).map(({ text }) => text);
  }

  /** Returns the close code of the server. */
  async closed() {
    const { close } = await this.#inbox.take((item) => item.close !== undefined, "close");
    return close;
  }
}

/** Upgrades a polling session to WebSocket, up to the reply to the probe. */
export async function probe(t, session) {
  const socket = await RawSocket.open(t, { sid: session.sid }, { base: session.base });
  socket.send("2probe");
  assert.equal(await socket.text(), "3probe");
  return socket;
}

import assert from "node:assert/strict";
import { describe } from "node:test";
import { io } from "socket.io-client";
import { within } from "./deadline.mjs";
import { Inbox } from "./inbox.mjs";
import { SERVER_URL } from "./server.mjs";

const TRANSPORTS = [
  { name: "polling", transports: ["polling"], ends: "polling" },
  { name: "websocket", transports: ["websocket"], ends: "websocket" },
  { name: "upgrade", transports: ["polling", "websocket"], ends: "websocket" },
];

/** Declares the tests once for each way to connect a stock client. */
export function eachTransport(declare) {
  for (const transport of TRANSPORTS) describe(transport.name, () => declare(transport));
}

/** Connects a stock client; with the upgrade transport it is on WebSocket when this returns. */
export async function join(t, transport, options) {
  const peer = open(t, transport, options);
  await peer.connected();
  await peer.settled();
  return peer;
}

/** Starts to connect a stock client, which is closed when the test ends. */
export function open(t, transport, { nsp = "/", url = SERVER_URL, ...options } = {}) {
  const socket = io(url + nsp, {
    transports: transport.transports,
    forceNew: true,
    reconnection: false,
    ...options,
  });
  t.after(() => {
    socket.io.reconnection(false);
    socket.io.engine.close();
  });
  return new Peer(socket, transport);
}

/** A stock client's socket with everything it has received. */
export class Peer {
  #inbox = new Inbox();

  constructor(socket, transport) {
    this.socket = socket;
    this.transport = transport;
    socket.onAny((event, ...args) => this.#inbox.push({ event, args }));
    for (const event of ["connect", "connect_error", "disconnect"]) {
      // The client adds details to the reason that do not come from the server.
      socket.on(event, (reason) => this.#inbox.push({ event, args: [reason] }));
    }
  }

  get id() {
    return this.socket.id;
  }

  get engine() {
    return this.socket.io.engine;
  }

  /** Returns the socket of another namespace on the same connection. */
  of(nsp, options) {
    return new Peer(this.socket.io.socket(nsp, options), this.transport);
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  /** Emits and returns the single value of the ack. */
  call(...args) {
    return within(this.socket.emitWithAck(...args), `ack of ${args[0]}`);
  }

  /** Returns the arguments of the first event of that name whose arguments match. */
  async take(event, matches = () => true, ms = undefined) {
    const { args } = await this.#inbox.take((item) => item.event === event && matches(...item.args), event, ms);
    return args;
  }

  /** Returns the arguments of the received events of that name that were not taken. */
  received(event) {
    return this.#inbox.peek((item) => item.event === event).map(({ args }) => args);
  }

  /** Makes a round trip: everything that the server sent to this socket before has arrived afterwards. */
  async fence() {
    const mark = `fence-${Math.random()}`;
    this.emit("echo", mark);
    await this.take("echo", (value) => value === mark);
  }

  /** Waits for the reply to the CONNECT packet; throws if it is a rejection. */
  async connected() {
    const answer = ({ event }) => event === "connect" || event === "connect_error";
    const { event, args } = await this.#inbox.take(answer, "connect");
    if (event === "connect_error") throw args[0];
  }

  /** Waits until the connection is on its final transport. */
  async settled() {
    if (this.engine.transport.name !== this.transport.ends) {
      await within(new Promise((resolve) => this.engine.once("upgrade", resolve)), "upgrade");
    }
    assert.equal(this.engine.transport.name, this.transport.ends);
  }
}

import { io } from "socket.io-client";
import { within } from "../../e2e/support/deadline.mjs";
import { until } from "./until.mjs";
import { toJson } from "./values.mjs";

/** A stock client with everything that it has received. It acks every event with its name, unless `reply` is replaced. */
export class Peer {
  #received = [];

  /** Connects to `/`, over one transport. */
  static async connect(node, transport) {
    const name = `${node.name}-${transport}`;
    const socket = io(node.url, {
      transports: [transport],
      forceNew: true,
      reconnection: false,
      auth: { name },
      query: { from: name },
      extraHeaders: { "x-from": name },
    });
    return new Peer(name, node, socket).#connected();
  }

  constructor(name, node, socket) {
    this.name = name;
    this.node = node;
    this.socket = socket;
    this.transport = name.split("-")[1];
    this.reply = (...args) => args.pop()(name);
    socket.onAny((event, ...args) => {
      const hasAck = typeof args.at(-1) === "function";
      this.#received.push({ event, args: toJson(hasAck ? args.slice(0, -1) : args) });
      if (hasAck) this.reply(event, ...args);
    });
    socket.on("disconnect", (reason) => (this.reason = reason));
  }

  get id() {
    return this.socket.id;
  }

  /** Connects to another namespace on the same connection. */
  of(nsp) {
    return new Peer(this.name, this.node, this.socket.io.socket(nsp, { auth: { name: this.name } })).#connected();
  }

  /** Emits and waits for the ack. */
  call(...args) {
    const result = within(this.socket.emitWithAck(...args), `${this.name}: ack of ${args[0]}`);
    result.catch(() => {}); // a case that has failed does not wait for it
    return result;
  }

  /** Returns the arguments of the received events of a name. */
  received(event) {
    return this.#received.filter((item) => item.event === event).map(({ args }) => args);
  }

  /** Waits until an event of this name has arrived; `matches` may select by arguments. */
  arrival(event, matches = () => true) {
    return until(`${this.name}: ${event}`, () => this.received(event).some((args) => matches(...args)));
  }

  /** Waits until the socket has been disconnected. */
  disconnection() {
    return until(`${this.name} is disconnected`, () => this.reason !== undefined);
  }

  close() {
    this.socket.io.engine?.close();
  }

  async #connected() {
    const { socket } = this;
    const connected = new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    await within(connected, `${this.name} connects`);
    return this;
  }
}

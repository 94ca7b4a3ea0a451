// The stock client as in a browser: all its connections share one store of cookies, which outlives them.
import https from "node:https";
import { connect } from "./client.mjs";

export class Browser {
  cookies = new Map();
  #agent = new CookieAgent(this.cookies);

  constructor(cookies = {}) {
    for (const [name, value] of Object.entries(cookies)) this.cookies.set(name, value);
  }

  /** A socket that is connected; `node` is the name of its node. */
  async connect(url, options) {
    // The client's own store lasts for one connection.
    const socket = await connect(url, { agent: this.#agent, withCredentials: false, ...options });
    socket.node = () => socket.timeout(5000).emitWithAck("node");
    return socket;
  }
}

/**
 * Sends the cookies with each request, and keeps those of the responses. Each request has its own connection: HAProxy
 * closes a connection in use if the server has gone, browsers then repeat the request, but the client on Node waits.
 */
class CookieAgent extends https.Agent {
  constructor(cookies) {
    super();
    this.cookies = cookies;
  }

  addRequest(request, ...rest) {
    const pairs = Array.from(this.cookies, ([name, value]) => `${name}=${value}`);
    if (pairs.length > 0) request.setHeader("cookie", pairs.join("; "));
    request.prependListener("response", ({ headers }) => this.#keep(headers));
    request.prependListener("upgrade", ({ headers }) => this.#keep(headers));
    super.addRequest(request, ...rest);
  }

  #keep(headers) {
    for (const line of headers["set-cookie"] ?? []) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.cookies.set(name, value);
    }
  }
}

// What client halves share: the stock client, the server's address, and a failure for whatever does not happen.
import { createRequire } from "node:module";

export const url = process.argv[2] ?? `http://127.0.0.1:${process.env.PORT ?? 3000}`;

// A package that is installed here, or for the tests of this workspace (`npm ci` in tests/e2e).
const require = createRequire(import.meta.url);
export const load = (name) => {
  for (const path of [name, `../tests/e2e/node_modules/${name}`]) {
    try {
      return require(path);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  console.error(`${name} is not installed: npm ci --prefix tests/e2e`);
  process.exit(1);
};
const { io } = load("socket.io-client");

// A socket with a connection of its own, not connected yet when listeners must come first.
export const open = (options, namespace = "/") =>
  io(new URL(namespace, url).href, { forceNew: true, reconnection: false, ackTimeout: 5000, ...options });

// The socket once it is connected; rejects with the server's `connect_error`.
export const connected = async (socket) => {
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  console.log(`connected by ${socket.io.engine.transport.name}: ${socket.id}`);
  return socket;
};

export const connect = (options) => connected(open(options));

// The first argument of the next event of this name.
export const once = (socket, event) => new Promise((resolve) => socket.once(event, resolve));

// POSTs JSON.
export const post = (path, body) =>
  fetch(new URL(path, url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

// Asks again until the answer is as wished.
export const until = async (ask) => {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20));
};

// Whatever is missing ends in a failure, not in silence.
setTimeout(() => {
  console.error("something was expected and did not happen");
  process.exit(1);
}, 20_000).unref();

// The stock client, as a browser would be: it keeps cookies, and finds example.com at the proxy.
import dns from "node:dns";
import { createRequire } from "node:module";

const { lookup } = dns;
dns.lookup = (host, options, callback) => {
  if (host !== "example.com") return lookup(host, options, callback);
  const address = { address: "127.0.0.1", family: 4 };
  return options.all ? callback(null, [address]) : callback(null, address.address, address.family);
};

const require = createRequire(new URL("../e2e/package.json", import.meta.url));
const { io } = require("socket.io-client");

/** A socket that is connected; `upgraded` is when it has moved to WebSocket. */
export async function connect(url, options) {
  const browser = { forceNew: true, reconnection: false, withCredentials: true, rejectUnauthorized: false };
  const socket = io(url, { ...browser, ...options });
  socket.upgraded = new Promise((resolve) => socket.io.on("open", () => socket.io.engine.on("upgrade", resolve)));
  const connected = new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    if (!options.reconnection) socket.once("connect_error", reject);
  });
  await within(connected, "a connection");
  return socket;
}

/** What must come, in ten seconds. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`in vain: ${what}`)), 10_000)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

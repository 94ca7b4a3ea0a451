// What a stock client must be able to do through a proxy. Each check gets `{ url, proxy, servers }` and throws.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import https from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, within } from "./client.mjs";

const LARGE = "x".repeat(900_000);
const HOST = "example.com";

/** Against the contract of tests/e2e. */
export const CHECKS = {
  polling: (at) => exchange(at, { transports: ["polling"] }),
  WebSocket: (at) => exchange(at, { transports: ["websocket"] }),
  "the upgrade": (at) => exchange(at, { upgrades: true }),
  "polling without a slash at the end": (at) => exchange(at, { transports: ["polling"], addTrailingSlash: false }),
  "the upgrade without a slash at the end": (at) => exchange(at, { upgrades: true, addTrailingSlash: false }),
  "twenty clients at once": (at) => Promise.all(Array.from({ length: 20 }, () => exchange(at, { upgrades: true }))),
  "a client leaves while its GET waits, HTTP/1.1": (at) => leaves(at, "http1"),
  "a client leaves while its GET waits, HTTP/2": (at) => leaves(at, "http2"),
};

/** A message each way, small and large, and an ack. */
async function exchange({ url }, { upgrades = false, ...options }) {
  const socket = await connect(url, options);
  try {
    if (upgrades) await within(socket.upgraded, "the upgrade");
    assert.equal(await within(socket.emitWithAck("sum", 2, 3), "an ack"), 5);
    for (const text of ["small", LARGE]) {
      const echo = once(socket, "echo");
      socket.emit("echo", text);
      assert.equal((await within(echo, "an echo"))[0], text);
    }
  } finally {
    socket.close();
  }
}

/** A process that polls is killed; whoever is connected to the server itself hears of it, or does not. */
async function leaves({ url, servers, proxy }, protocol) {
  const watchers = await Promise.all(servers.map((server) => connect(`http://${server}`, { transports: ["websocket"] })));
  const poller = spawn(process.execPath, [fileURLToPath(new URL("poller.mjs", import.meta.url)), url, protocol], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [id] = await within(once(createInterface(poller.stdout), "line"), "a client that polls");
    await delay(300); // until its GET waits
    const heard = watchers.map((watcher) => new Promise((resolve) => watcher.on("left", (left) => left.id === id && resolve(left))));
    poller.kill("SIGKILL");
    const left = await Promise.race([...heard, delay(2000)]);
    assert.equal(left?.reason, proxy.tellsOfLeaving ? "transport error" : undefined, "whether the server has heard of it");
  } finally {
    poller.kill("SIGKILL");
    watchers.forEach((watcher) => watcher.close());
  }
}

/** The server ends while clients poll, and have WebSockets: they hear of it, and nothing holds it up. */
export async function closes({ url }, server) {
  const options = [{ transports: ["polling"] }, { transports: ["websocket"] }, { transports: ["polling"] }];
  const sockets = await Promise.all(options.map((options) => connect(url, options)));
  const ended = sockets.map((socket) => once(socket, "disconnect"));
  const exit = once(server, "exit");
  server.kill("SIGINT");
  const start = Date.now();
  for (const [reason] of await within(Promise.all(ended), "the end of each client")) assert.equal(reason, "transport close");
  const [code] = await within(exit, "the end of the server");
  assert.equal(code, 0);
  assert.ok(Date.now() - start < 4000, `${Date.now() - start} ms, which is a deadline`);
}

/** A client says that it is somebody else, and not encrypted. `headers` are those that the server has got. */
export async function forges({ url }, headers) {
  const forged = { host: HOST, "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "http" };
  const request = https.get(new URL("/socket.io/", url), { headers: forged, rejectUnauthorized: false, servername: HOST });
  const [answer] = await within(once(request, "response"), "an answer");
  answer.resume();
  // The rightmost entry is the proxy's, which `trusted_proxies(1, …)` reads.
  assert.equal(headers().get("x-forwarded-for").split(",").at(-1).trim(), "127.0.0.1");
  assert.equal(headers().get("x-forwarded-proto").split(",").at(-1).trim(), "https");
}

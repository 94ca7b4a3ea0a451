#!/usr/bin/env node
// Runs the stock client through every proxy that the book has a configuration for. README.md has the usage.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import { parseArgs } from "node:util";
import { CHECKS, closes, forges } from "./checks.mjs";
import { NODE_CHECKS, sendsOnce } from "./nodes.mjs";
import { PROXIES, install } from "./proxies.mjs";
import { freePort } from "../e2e/support/port.mjs";

const START_DEADLINE_MS = 10_000;

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      bin: { type: "string", default: "target/debug" },
      verbose: { type: "boolean", default: false },
    },
  });
  const proxies = PROXIES.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  install([...new Set(proxies.map(({ name }) => name))]);
  let failed = 0;
  for (const proxy of proxies) {
    console.log(`\n=== ${proxy.name}${proxy.note ? `, ${proxy.note}` : ""}`);
    failed += await check(proxy, resolve(values.bin), values.verbose);
  }
  console.log(failed === 0 ? "\nall passed" : `\n${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** How many checks fail. */
async function check(proxy, bin, verbose) {
  let failed = 0;
  const step = async (name, run) => {
    const start = Date.now();
    try {
      await run();
      console.log(`ok: ${name} (${Date.now() - start} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}: ${error.message}`);
    }
  };
  const stdio = verbose ? "inherit" : "ignore";

  const nodes = await Promise.all(Array.from({ length: proxy.servers }, (_, index) => node(`${bin}/e2e_axum`, index, stdio)));
  const addresses = nodes.map(({ address }) => address);
  await behind(proxy, addresses, stdio, async (at) => {
    const checks = { ...CHECKS, ...(proxy.named ? NODE_CHECKS : {}) };
    for (const [name, run] of Object.entries(checks)) await step(name, () => run({ ...at, nodes }));
  });
  await Promise.all(nodes.map((node) => node.kill()));
  if (proxy.named) await behind(proxy, addresses, stdio, (at) => step("a POST is sent once", () => breaking(addresses, (posts) => sendsOnce(at, posts))));

  // Only this one ends in order when it is told to.
  const graceful = await server(`${bin}/hyper`, stdio);
  await behind(proxy, [graceful.address], stdio, (at) => step("the server closes", () => closes(at, graceful)));
  stop(graceful);

  let headers;
  const echo = http.createServer((request, answer) => {
    headers = new Headers(Object.entries(request.headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value])));
    answer.end("ok");
  });
  await once(echo.listen(0, "127.0.0.1"), "listening");
  await behind(proxy, [`127.0.0.1:${echo.address().port}`], stdio, (at) => step("forged headers", () => forges(at, () => headers)));
  echo.closeAllConnections();
  echo.close();
  return failed;
}

/** Runs something with the proxy in front of servers. */
async function behind(proxy, servers, stdio, run) {
  const folder = mkdtempSync(join(tmpdir(), "proxies-"));
  chmodSync(folder, 0o755);
  const [port, other] = [await freePort(), await freePort()];
  const { command, env } = proxy.start({ folder, port, other, servers, ...certificate(folder) });
  const child = start(command, { ...process.env, ...env }, ["ignore", stdio, stdio]);
  try {
    await ready(port, child, shakesHands);
    await run({ url: `https://example.com:${port}`, proxy, servers });
  } finally {
    const exit = child.exitCode === null && once(child, "exit");
    stop(child);
    await exit;
    rmSync(folder, { recursive: true });
  }
}

/** One of the servers of this workspace, on a free port. */
async function server(program, stdio, env = {}) {
  const port = env.PORT ?? (await freePort());
  const child = start([program], { ...process.env, PORT: String(port), ...env }, ["ignore", stdio, "inherit"]);
  await ready(port, child, accepts);
  return Object.assign(child, { address: `127.0.0.1:${port}` });
}

/** A server with a name, node-a or node-b, that can be killed and started again. */
async function node(program, index, stdio) {
  const NODE = `node-${"ab"[index]}`;
  let child = await server(program, stdio, { NODE });
  const PORT = child.address.split(":")[1];
  return {
    name: NODE,
    address: child.address,
    kill: async () => {
      if (!children.has(child)) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
    start: async (env = {}) => void (child = await server(program, stdio, { NODE, PORT, ...env })),
  };
}

/** Runs something with servers that break off a POST, or respond with 503, and count them. */
async function breaking(addresses, run) {
  const posts = addresses.map(() => 0);
  const servers = addresses.map((address, index) => {
    const server = http.createServer((request, answer) => {
      request.resume().on("end", () => {
        if (request.method !== "POST") return answer.end(String(index));
        posts[index] += 1;
        if (request.url.includes("break")) return request.socket.destroy();
        answer.writeHead(503).end();
      });
    });
    return server.listen(Number(address.split(":")[1]), "127.0.0.1");
  });
  try {
    await Promise.all(servers.map((server) => once(server, "listening")));
    await run(posts);
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function start([program, ...args], env, stdio) {
  const child = spawn(program, args, { env, stdio });
  children.add(child);
  child.on("error", (error) => console.error(error.message));
  child.on("exit", () => children.delete(child));
  return child;
}

function stop(child) {
  child.kill("SIGTERM");
}

async function ready(port, child, is) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} has ended with code ${child.exitCode}; --verbose tells more`);
    if (await is(port)) return;
    await delay(25);
  }
  throw new Error(`${child.spawnfile} does not listen`);
}

const accepts = (port) => happens(dial(port, "127.0.0.1"), "connect");

/** Caddy listens before it has a certificate. */
const shakesHands = (port) =>
  happens(tls.connect({ host: "127.0.0.1", port, servername: "example.com", rejectUnauthorized: false }), "secureConnect");

async function happens(socket, event) {
  const happened = await once(socket, event).then(() => true, () => false); // rejects with `error`
  socket.destroy();
  return happened;
}

/** A certificate for example.com. */
function certificate(folder) {
  const paths = { certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const subject = ["-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:example.com"];
  const pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", paths.key, "-out", paths.certificate];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...subject, ...pair], { stdio: "ignore" });
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, { path, text: readFileSync(path, "utf8") }]));
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);

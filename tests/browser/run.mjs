// Starts a chat server on a free port, runs the browser test against it, and stops it.
//
//   node run.mjs --mock                             the reference implementation
//   node run.mjs -- cargo run --example chat        any command that listens on 127.0.0.1:$PORT
//
// CHROMIUM names the browser (/usr/bin/chromium by default). READY_SECONDS: how long the command may build and start (300 by default).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../e2e/support/port.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [mode, ...rest] = process.argv.slice(2);
const command = mode === "--mock" ? [process.execPath, here("mock-server.mjs")] : mode === "--" ? rest : [];
if (command.length === 0) {
  console.error("usage: node run.mjs --mock | node run.mjs -- COMMAND [ARGUMENT…]");
  process.exit(2);
}

const PORT = String(await freePort());
const SERVER_URL = `http://127.0.0.1:${PORT}`;
// A group of its own, so that what the command starts (cargo's binary) is stopped with it.
const server = spawn(command[0], command.slice(1), { env: { ...process.env, PORT }, stdio: ["ignore", "inherit", "inherit"], detached: true });
const ended = new Promise((resolve) => {
  server.on("error", (error) => resolve(error.message));
  server.on("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { stop(); process.exit(1); });

try {
  await ready(Number(process.env.READY_SECONDS ?? 300));
  const test = spawn(process.execPath, ["--test", "--test-reporter=spec", here("chat.test.mjs")], { env: { ...process.env, SERVER_URL }, stdio: "inherit" });
  const [code] = await once(test, "exit");
  process.exitCode = code ?? 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  stop();
}

async function ready(seconds) {
  const deadline = AbortSignal.timeout(seconds * 1000);
  let over = "";
  ended.then((why) => { over = why; });
  while (!deadline.aborted) {
    if (over) throw new Error(`the server did not start: ${over}`);
    const answer = await fetch(SERVER_URL, { signal: deadline }).catch(() => null);
    if (answer?.ok) return;
    await pause(100);
  }
  throw new Error(`no answer from ${SERVER_URL} within ${seconds} s`);
}

function stop() {
  try {
    process.kill(-server.pid, "SIGTERM");
  } catch {
    // already gone
  }
}

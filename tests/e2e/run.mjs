// Starts the server under test, runs suite/ against it and exits with the tests' code. README.md has the usage.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./support/port.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 3_000;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      reference: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      python: { type: "string" },
    },
  });
  const command = values.reference ? [process.execPath, `${here}reference-server.mjs`] : positionals;
  if (command.length === 0) {
    console.error("usage: node run.mjs [--only FILE]… [--python PYTHON] (--reference | -- COMMAND [ARGS…])");
    return 2;
  }
  const servers = [];
  process.on("exit", () => servers.forEach((server) => server.kill("SIGKILL")));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

  servers.push(await Server.launch(command, {}));
  servers.push(await Server.launch(command, { PING_INTERVAL_MS: "300", PING_TIMEOUT_MS: "200" }));
  await Promise.all(servers.map((server) => server.ready()));

  const env = { ...process.env, SERVER_URL: servers[0].url, SERVER_URL_FAST: servers[1].url };
  delete env.REFERENCE;
  if (values.reference) env.REFERENCE = "1";

  const checks = [() => run(process.execPath, [...nodeTestFlags(), ...files(values.only)], env)];
  if (values.python) checks.push(() => run(values.python, [`${here}python/check.py`], env));
  let code = 0;
  for (const check of checks) code = (await check()) || code;

  for (const server of servers) {
    if (server.exited) {
      console.error(`the server ended during the tests (${server.exited})`);
      code ||= 1;
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
  return code;
}

function nodeTestFlags() {
  return ["--test", "--test-reporter=spec", "--test-concurrency=2", "--test-timeout=20000"];
}

function files(only) {
  return readdirSync(`${here}suite`)
    .filter((name) => name.endsWith(".test.mjs"))
    .filter((name) => only.length === 0 || only.some((wanted) => name.startsWith(wanted)))
    .map((name) => `${here}suite/${name}`);
}

async function run(program, args, env) {
  const child = spawn(program, args, { env, stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code ?? 1;
}

/** One running instance of the command under test, in a process group of its own. */
class Server {
  static async launch([program, ...args], env) {
    const port = await freePort();
    const child = spawn(program, args, {
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    return new Server(child, port);
  }

  constructor(child, port) {
    this.child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.exited = undefined;
    child.on("error", (error) => (this.exited = error.message));
    child.on("exit", (code, signal) => (this.exited = signal ?? `code ${code}`));
  }

  async ready() {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (Date.now() < deadline) {
      if (this.exited) throw new Error(`the server ended before it answered (${this.exited})`);
      const response = await fetch(this.url).catch(() => undefined);
      if (response?.ok) return;
      await delay(25);
    }
    throw new Error(`no answer to GET / within ${START_DEADLINE_MS} ms`);
  }

  async stop() {
    if (this.exited) return;
    const exit = once(this.child, "exit");
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_DEADLINE_MS);
    await exit;
    clearTimeout(timer);
  }

  kill(signal) {
    if (this.exited) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // The process has exited in the meantime.
    }
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);

// The client half of the `tonic` example: node examples/tonic/client.mjs [URL]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const url = process.argv[2] ?? `http://127.0.0.1:${process.env.PORT ?? 3000}`;

// The stock client: installed here, or for the tests of this workspace (`npm ci` in tests/e2e).
const require = createRequire(import.meta.url);
const load = (name) => {
  try {
    return require(name);
  } catch {
    return require(`../../tests/e2e/node_modules/${name}`);
  }
};
const { io } = load("socket.io-client");

const connect = async (transport) => {
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false, ackTimeout: 5000 });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  console.log(`connected by ${transport}: ${socket.id}`);
  return socket;
};

// Whatever is missing ends in a failure, not in silence.
setTimeout(() => {
  console.error("something was expected and did not happen");
  process.exit(1);
}, 60_000).unref();

// gRPC from another process, with tonic's own client. `TONIC_BIN` may name the example's binary.
const check = () => {
  const bin = process.env.TONIC_BIN;
  const [program, ...args] = bin ? [bin] : "cargo run -q -p socketio-examples --bin tonic --".split(" ");
  const status = execFileSync(program, [...args, "check", url], { encoding: "utf8" }).trim();
  console.log(`gRPC says: ${status}`);
  return status;
};

assert.equal(check(), "SERVING");

const socket = await connect("websocket");
assert.equal(await socket.emitWithAck("open", false), "NotServing");
console.log("closed the shop by WebSocket");
assert.equal(check(), "NOT_SERVING");
socket.disconnect();

const polling = await connect("polling");
assert.equal(await polling.emitWithAck("open", true), "Serving");
console.log("opened it by long polling");
polling.disconnect();
assert.equal(check(), "SERVING");

console.log("all as expected");

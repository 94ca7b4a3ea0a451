// The client half of the `tonic` example: node examples/tonic/client.mjs [URL]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { connect, url } from "../client.mjs";

// gRPC from another process, with tonic's own client. `TONIC_BIN` may name the example's binary.
const check = () => {
  const bin = process.env.TONIC_BIN;
  const [program, ...args] = bin ? [bin] : "cargo run -q -p socketio-examples --bin tonic --".split(" ");
  const status = execFileSync(program, [...args, "check", url], { encoding: "utf8" }).trim();
  console.log(`gRPC says: ${status}`);
  return status;
};

assert.equal(check(), "SERVING");

const socket = await connect({ transports: ["websocket"] });
assert.equal(await socket.emitWithAck("open", false), "NotServing");
console.log("closed the shop by WebSocket");
assert.equal(check(), "NOT_SERVING");
socket.disconnect();

const polling = await connect({ transports: ["polling"] });
assert.equal(await polling.emitWithAck("open", true), "Serving");
console.log("opened it by long polling");
polling.disconnect();
assert.equal(check(), "SERVING");

console.log("all as expected");

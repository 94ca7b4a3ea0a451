// The client half of the `warp` example: node examples/warp/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, once, post, until, url } from "../client.mjs";

const ask = async (path) => (await fetch(new URL(path, url))).text();

assert.equal(await ask("/clicks"), "0");
console.log("warp's own route answers");

const ada = await connect({ transports: ["websocket"] });
const bob = await connect({ transports: ["polling"] });
const eve = await connect();
await until(() => eve.io.engine.transport.name === "websocket");
console.log("polling, WebSocket and the upgrade between them work");

assert.equal(await ada.emitWithAck("click"), 1);
assert.equal(await bob.emitWithAck("click"), 2);
assert.equal(await eve.emitWithAck("click"), 3);
assert.equal(await ask("/clicks"), "3");
console.log("the route tells what the sockets have counted");

const heard = Promise.all([ada, bob, eve].map((socket) => once(socket, "announcement")));
assert.equal((await post("/announce/lunch")).status, 202);
assert.deepEqual(await heard, ["lunch", "lunch", "lunch"]);
console.log("all sockets hear what was posted");

assert.equal((await fetch(new URL("/nowhere", url))).status, 404);
for (const socket of [ada, bob, eve]) socket.disconnect();
console.log("all as expected");

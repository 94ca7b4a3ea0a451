// The client half of the `hyper` example: node examples/hyper/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, once, url } from "../client.mjs";

const page = await fetch(url);
assert.equal(page.status, 200);
console.log(`the server's own route: ${(await page.text()).trim()}`);

const ada = await connect({ transports: ["websocket"] });
const bob = await connect({ transports: ["polling"] });

const sum = await ada.emitWithAck("add", 2, 3);
assert.equal(sum, 5);
console.log(`add(2, 3) was acked with ${sum}`);

const echo = once(ada, "echo");
ada.emit("echo", "hello");
assert.equal(await echo, "hello");
console.log("echo came back");

await Promise.all([ada, bob].map((socket) => socket.emitWithAck("join", "tea")));
const heard = once(bob, "said");
ada.on("said", () => assert.fail("who speaks is not told"));
await ada.emitWithAck("say", "tea", "it is ready");
assert.equal(await heard, "it is ready");
console.log("bob heard what ada said in the room");

ada.disconnect();
bob.disconnect();
console.log("all as expected");

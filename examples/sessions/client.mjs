// The client half of the `sessions` example: node examples/sessions/client.mjs [URL]
import assert from "node:assert/strict";
import { connected, open, url } from "../client.mjs";

// A browser keeps the cookie by itself, for requests and sockets alike.
const headers = (cookie) => (cookie ? { cookie } : {});
const post = async (path, cookie, body = "") => {
  const response = await fetch(`${url}${path}`, { method: "POST", headers: headers(cookie), body });
  assert.equal(response.status, 200, `POST ${path}`);
  return response.headers.get("set-cookie")?.split(";")[0];
};
const home = async (cookie) => (await (await fetch(url, { headers: headers(cookie) })).text()).trim();

const connect = (transport, cookie) =>
  connected(open({ transports: [transport], extraHeaders: headers(cookie) }));
const refused = async (cookie) => {
  for (const transport of ["websocket", "polling"]) {
    await assert.rejects(connect(transport, cookie), { message: "not logged in" });
  }
};

await refused();
console.log("nobody is let in who is not logged in");

const ada = await post("/login", undefined, "ada");
const bob = await post("/login", undefined, "bob");
const tabs = await Promise.all(["websocket", "polling"].map((transport) => connect(transport, ada)));
const other = await connect("websocket", bob);
for (const tab of tabs) {
  assert.equal(await tab.emitWithAck("whoami"), "ada");
}
assert.equal(await other.emitWithAck("whoami"), "bob");
console.log("who has logged in over HTTP is known on the socket");

for (const [index, tab] of [tabs[0], tabs[1], tabs[0]].entries()) {
  assert.equal(await tab.emitWithAck("count"), index + 1);
}
assert.equal(await home(ada), "ada has counted to 3");
assert.equal(await home(bob), "bob has counted to 0");
console.log("what a handler saves is seen over HTTP");

await post("/rename", ada, "countess");
assert.equal(await tabs[0].emitWithAck("whoami"), "countess");
assert.equal(await tabs[1].emitWithAck("count"), 4);
assert.equal(await home(ada), "countess has counted to 4");
console.log("what HTTP has changed is seen on the socket");

const ended = tabs.map((tab) => new Promise((resolve) => tab.once("disconnect", resolve)));
// An event on its way must not bring the session back.
for (const tab of tabs) {
  tab.emit("count");
}
await post("/logout", ada);
assert.deepEqual(await Promise.all(ended), ["io server disconnect", "io server disconnect"]);
console.log("who logs out is disconnected, in every tab");

assert.equal(await home(ada), "nobody has counted to 0");
await refused(ada);
console.log("the old cookie opens nothing");

assert.equal(await other.emitWithAck("whoami"), "bob");
other.disconnect();
console.log("all as expected");

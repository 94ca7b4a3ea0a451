// The client half of the `notify` example: node examples/notify/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, once, open, post, until } from "../client.mjs";

const arrive = async (user) => {
  const socket = open({ auth: { user } });
  assert.equal(await once(socket, "ready"), user);
  return socket;
};

await assert.rejects(connect(), { message: "user required" });
console.log("a client without a name is refused");

const nobody = await post("/users/ada/notify", {});
assert.equal(nobody.status, 404);
console.log("nobody is there to be notified: 404");

const [phone, desk, bob] = await Promise.all(["ada", "ada", "bob"].map(arrive));
bob.on("notice", () => assert.fail("bob is not ada"));

const heard = Promise.all([phone, desk].map((socket) => once(socket, "notice")));
const answer = await post("/users/ada/notify", { text: "your parcel is here" });
assert.deepEqual(await answer.json(), { sockets: 2 });
for (const notice of await heard) assert.deepEqual(notice, { text: "your parcel is here" });
console.log("both of ada's sockets heard it, bob's did not");

phone.disconnect();
await until(async () => (await (await post("/users/ada/notify", {})).json()).sockets === 1);
console.log("one has gone, the other is still told");

desk.disconnect();
await until(async () => (await post("/users/ada/notify", {})).status === 404);
bob.disconnect();
console.log("all as expected");

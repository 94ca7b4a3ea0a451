// The client half of the `nicknames` example: node examples/nicknames/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, once } from "../client.mjs";

const ada = await connect({ transports: ["websocket"] });
const bob = await connect({ transports: ["polling"] });

assert.deepEqual(await bob.emitWithAck("user message", "who am I?"), { error: "take a nickname first" });

const list = once(bob, "nicknames");
const announced = once(bob, "announcement");
assert.equal(await ada.emitWithAck("nickname", "ada"), undefined);
assert.deepEqual([await announced, await list], ["ada is here", ["ada"]]);
console.log("ada is here, and bob was told");

assert.deepEqual(await bob.emitWithAck("nickname", "ada"), { error: "nickname already taken" });
assert.deepEqual(await bob.emitWithAck("nickname", ""), { error: "a nickname has 1 to 20 characters" });
assert.match((await bob.emitWithAck("nickname", 7)).error, /string/);
assert.deepEqual(await bob.emitWithAck("rename"), { error: "unknown event" });
const both = once(ada, "nicknames");
await bob.emitWithAck("nickname", "bob");
assert.deepEqual(await both, ["ada", "bob"]);
console.log("bob found a name that was free");

const heard = new Promise((resolve) => bob.once("user message", (...args) => resolve(args)));
ada.on("user message", () => assert.fail("who speaks is not told"));
await ada.emitWithAck("user message", "hello");
assert.deepEqual(await heard, ["ada", "hello"]);
console.log("and hears what ada says");

const renamed = once(bob, "announcement");
await ada.emitWithAck("nickname", "countess");
assert.equal(await renamed, "ada is now countess");

const left = once(bob, "announcement");
const alone = once(bob, "nicknames");
ada.disconnect();
assert.deepEqual([await left, await alone], ["countess has left", ["bob"]]);
console.log("ada changed her name, and has left");

bob.disconnect();
console.log("all as expected");

// The client half of the `private_messages` example: node examples/private_messages/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, once, open, post } from "../client.mjs";

// Names that no earlier run of this script has taken.
const [ada, bob] = ["ada", "bob"].map((name) => `${name}-${Date.now()}`);
const login = async (name) => (await (await post("/login", { name })).json()).token;
const tokens = { [ada]: await login(ada), [bob]: await login(bob) };
assert.equal((await post("/login", { name: ada })).status, 409);
console.log("ada and bob have tokens; nobody else is ada");

for (const auth of [undefined, { token: "guessed" }]) {
  await assert.rejects(connect({ auth }), { message: "unknown token", data: { login: "/login" } });
}
console.log("without a token one is refused, and told where to get one");

// A tab collects what it is told, once, and says that it has it.
const tab = async (name) => {
  const socket = open({ auth: { token: tokens[name] } });
  socket.inbox = [];
  socket.on("private message", (message, has) => {
    if (!socket.inbox.some(({ id }) => id === message.id)) socket.inbox.push(message);
    has();
  });
  return Object.assign(socket, await once(socket, "welcome"));
};

const adaTab = await tab(ada);
assert.deepEqual([adaTab.name, adaTab.online.includes(ada), adaTab.online.includes(bob)], [ada, true, false]);

const bobComes = once(adaTab, "online");
const bobTab = await tab(bob);
assert.equal(await bobComes, bob);
assert.ok(bobTab.online.includes(ada));
console.log("ada sees bob come, bob sees that ada is here");

adaTab.on("online", () => assert.fail("a second tab is nobody new"));
const bobOther = await tab(bob);
const shown = once(bobOther, "sent");
assert.deepEqual(await bobTab.emitWithAck("private message", ada, "hello"), { delivered: true });
assert.deepEqual(adaTab.inbox.map(({ from, text }) => [from, text]), [[bob, "hello"]]);
assert.equal(await shown, ada);
console.log("bob's message was delivered, and his other tab shows it");

assert.deepEqual(await adaTab.emitWithAck("private message", bob, "hello both"), { delivered: true });
await bobOther.emitWithAck("private message", ada, "I have it"); // after what was sent to it before
for (const socket of [bobTab, bobOther]) assert.equal(socket.inbox.at(-1).text, "hello both");
console.log("both of bob's tabs have ada's");

const bobLeaves = once(adaTab, "offline");
bobTab.disconnect();
assert.deepEqual(await adaTab.emitWithAck("private message", bob, "to the other"), { delivered: true });
bobOther.disconnect();
assert.equal(await bobLeaves, bob);
assert.deepEqual(await adaTab.emitWithAck("private message", bob, "for later"), { delivered: false });
assert.ok((await adaTab.emitWithAck("private message", "nobody", "?")).error);
console.log("bob is away when his last tab has gone; what is written then is kept");

adaTab.off("online");
const back = await tab(bob);
if (back.inbox.length === 0) await once(back, "private message");
assert.deepEqual(back.inbox.map(({ from, text }) => [from, text]), [[ada, "for later"]]);
console.log("and he gets it when he comes back");

const other = await tab(bob);
assert.deepEqual(await adaTab.emitWithAck("private message", bob, "news"), { delivered: true });
assert.deepEqual(other.inbox.map(({ text }) => text), ["news"]);
console.log("once: it does not wait for his next tab");

for (const socket of [adaTab, back, other]) socket.disconnect();
console.log("all as expected");

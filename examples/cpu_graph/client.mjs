// The client half of the `cpu_graph` example: node examples/cpu_graph/client.mjs [URL]
import assert from "node:assert/strict";
import { once, open, until, url } from "../client.mjs";

const watchers = async () => Number(await (await fetch(new URL("/watchers", url))).text());
const before = await watchers();

const ada = open({ transports: ["websocket"] });
const bob = open();
const [first, his] = await Promise.all([once(ada, "cpu"), once(bob, "cpu")]);
assert.ok(first.percent >= 0 && first.percent <= 100);
assert.equal(his.real, first.real);
assert.equal(await watchers(), before + 2);
console.log(`two sockets are told: ${first.percent.toFixed(1)} %${first.real ? "" : ", which is made up here"}`);

// Until two samples in a row are so far apart. More than once only where the machine is too busy to keep time.
let { number } = first;
const apart = (distance) =>
  until(async () => {
    const before = number;
    ({ number } = await once(ada, "cpu"));
    return number - before === distance;
  });
await apart(2);
console.log("a sample each second");

assert.equal(await ada.emitWithAck("interval", 500), 500);
await apart(1);
console.log("and every 500 ms, when she asks for it");

assert.equal(await bob.emitWithAck("interval", 1), 500);
assert.equal(await bob.emitWithAck("interval", 1e9), 60_000);
console.log("what he asks for has bounds");

ada.disconnect();
await until(async () => (await watchers()) === before + 1);
bob.disconnect();
await until(async () => (await watchers()) === before);
console.log("their tasks ended with them");

const page = await (await fetch(url)).text();
assert.match(page, /<canvas/);
console.log("all as expected");

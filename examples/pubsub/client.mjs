// The client half of the `pubsub` example: node examples/pubsub/client.mjs [URL]
import assert from "node:assert/strict";
import { connect, url } from "../client.mjs";

const publish = (topic, text) => fetch(new URL(`/publish/${topic}`, url), { method: "POST", body: text });
const ada = await connect({ transports: ["websocket"] });
const bob = await connect({ transports: ["polling"] });

// What a socket has heard until the message that it waits for, as `topic: text`.
const hears = (socket) => {
  const heard = [];
  let wanted = () => {};
  socket.on("message", (topic, text) => wanted(heard.push(`${topic}: ${text}`)));
  return async (count) => {
    while (heard.length < count) await new Promise((resolve) => (wanted = resolve));
    return heard;
  };
};
const [adaHeard, bobHeard] = [hears(ada), hears(bob)];

assert.deepEqual(await ada.emitWithAck("subscribe", "weather"), ["weather"]);
assert.deepEqual((await ada.emitWithAck("subscribe", "trains")).sort(), ["trains", "weather"]);
assert.deepEqual(await bob.emitWithAck("subscribe", "weather"), ["weather"]);
console.log("ada and bob have subscribed");

assert.equal((await publish("trains", "late")).status, 202);
assert.equal((await publish("weather", "rain")).status, 202);
assert.deepEqual(await adaHeard(2), ["trains: late", "weather: rain"]);
assert.deepEqual(await bobHeard(1), ["weather: rain"]);
console.log("each hears their topics, in order");

assert.deepEqual(await ada.emitWithAck("unsubscribe", "weather"), ["trains"]);
await publish("weather", "sun");
await publish("trains", "on time");
assert.deepEqual(await bobHeard(2), ["weather: rain", "weather: sun"]);
assert.deepEqual(await adaHeard(3), ["trains: late", "weather: rain", "trains: on time"]);
console.log("ada does not hear what she has unsubscribed from");

assert.deepEqual(await bob.emitWithAck("subscribe", ""), { error: "the name of a topic has 1 to 64 bytes" });
assert.match((await bob.emitWithAck("subscribe", 7)).error, /string/);
console.log("what is no topic is refused");

// The room of her socket is not to be had as a topic.
await bob.emitWithAck("subscribe", ada.id);
await publish(ada.id, "from outside");
assert.deepEqual((await bobHeard(3)).at(-1), `${ada.id}: from outside`);
assert.equal((await adaHeard(3)).length, 3);
console.log("a topic is never somebody's own room");

ada.disconnect();
bob.disconnect();
console.log("all as expected");

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join } from "../support/peer.mjs";
import { ours } from "../support/server.mjs";

const RELAY = { nsp: "/relay" };
const HALF = "\ud83d";
const NUMBERS = [0, -1.5, 0.1, 117.63331139400017, 5e-324, 1e21, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER];

/** Returns all arguments of the ack. */
const answers = (peer, ...event) =>
  within(new Promise((resolve) => peer.emit(...event, (...args) => resolve(args))), `ack of ${event[0]}`);

eachTransport((transport) => {
  test("half a surrogate pair in a text that is read is a replacement character", ours("keeps it"), async (t) => {
    const peer = await join(t, transport, { ...RELAY, auth: { name: `n ${HALF}` } });
    assert.deepEqual(await peer.take("name"), ["n \ufffd"]);
    assert.equal(await peer.call("text", `hi ${HALF}`), "hi \ufffd");
    assert.equal(await peer.call("text", `${HALF}${HALF}😀`), "\ufffd\ufffd😀");
    assert.equal(await peer.call(`name ${HALF}`, 1), "name \ufffd");
  });

  test("half a surrogate pair is relayed as it came", async (t) => {
    const a = await join(t, transport, RELAY);
    const b = await join(t, transport, RELAY);
    const args = [`hi ${HALF}`, { [`key ${HALF}`]: [`${HALF}${HALF}`] }];
    assert.deepEqual(await answers(a, "exact", ...args), args);
    a.emit("pass", b.id, ...args);
    assert.deepEqual(await b.take("passed"), args);
    // The connection has survived all of it.
    assert.equal(await a.call("text", "whole"), "whole");
  });

  test("arguments of any number and kind are relayed with their binary", async (t) => {
    const a = await join(t, transport, RELAY);
    const b = await join(t, transport, RELAY);
    const [one, two] = [Buffer.from([0, 255, 30]), Buffer.from("two")];
    for (const args of [
      [],
      [null],
      NUMBERS,
      [one],
      ["text", one, { deep: [[two, HALF]], none: null }, 7],
      [{ _placeholder: true, num: 0 }],
    ]) {
      assert.deepEqual(await answers(a, "exact", ...args), args);
      a.emit("pass", b.id, ...args);
      assert.deepEqual(await b.take("passed"), args);
    }
  });

  test("any JSON with binary in it is read and sent on", async (t) => {
    const peer = await join(t, transport, RELAY);
    const bytes = Buffer.from([0, 255, 30]);
    for (const value of [bytes, [bytes, bytes], { z: 1, a: { list: [bytes, null, ...NUMBERS] }, text: "☃" }, "plain", null]) {
      peer.emit("any", value);
      assert.deepEqual(await peer.take("any"), [value]);
    }
  });
});

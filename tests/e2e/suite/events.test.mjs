import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join } from "../support/peer.mjs";

const VALUES = [
  null,
  true,
  0,
  -1.5,
  1e21,
  Number.MAX_SAFE_INTEGER,
  "",
  'quotes " and \\ backslashes',
  "line\nbreak, \t, \u0000, \u2028 and \x1e",
  "Ωμέγα ☃ 😀",
  [],
  [[1, [2]], [null]],
  {},
  { 'a "key"': { "": [] }, "ключ": "значение", _placeholder: true, num: 0 },
];

eachTransport((transport) => {
  test("any JSON value comes back as it was sent", async (t) => {
    const peer = await join(t, transport);
    for (const value of VALUES) {
      peer.emit("echo", value);
      assert.deepEqual(await peer.take("echo"), [value]);
    }
  });

  for (const name of ['say "hi" \\ bye', "line\nbreak", "événement ☃ 😀"]) {
    test(`an event may be named ${JSON.stringify(name)}`, async (t) => {
      const peer = await join(t, transport);
      peer.emit(name, { value: name });
      assert.deepEqual(await peer.take(name), [{ value: name }]);
    });
  }

  test("an event's name may be a number", async (t) => {
    const peer = await join(t, transport);
    peer.emit(7, "by number");
    assert.deepEqual(await peer.take("7"), ["by number"]);
    peer.emit("7", "by string");
    assert.deepEqual(await peer.take("7"), ["by string"]);
  });

  test("an event nobody listens to is ignored", async (t) => {
    const peer = await join(t, transport);
    peer.emit("nobody-listens", 1, { a: [2] });
    peer.emit("error", "a name with a history");
    await peer.fence();
  });

  test("more arguments than the handler takes do no harm", async (t) => {
    const peer = await join(t, transport);
    peer.emit("echo", 1, 2, { three: 3 });
    assert.deepEqual(await peer.take("echo"), [1]);
  });

  test("a message of half a megabyte passes both ways", async (t) => {
    const peer = await join(t, transport);
    const text = "0123456789abcdeé".repeat(30_000);
    peer.emit("echo", text);
    const [echoed] = await peer.take("echo");
    assert.ok(echoed === text);
  });

  test("four megabytes of messages at once pass both ways", async (t) => {
    const peer = await join(t, transport);
    const filler = "x".repeat(100_000);
    for (let n = 0; n < 40; n++) peer.emit("echo", { n, filler });
    for (let n = 0; n < 40; n++) {
      const [value] = await peer.take("echo");
      assert.equal(value.n, n);
      assert.equal(value.filler.length, filler.length);
    }
  });

  test("volatile and compress are the sender's business", async (t) => {
    const peer = await join(t, transport);
    peer.socket.compress(true).emit("echo", "compressed");
    assert.deepEqual(await peer.take("echo"), ["compressed"]);
    peer.socket.compress(false).emit("echo", "plain");
    assert.deepEqual(await peer.take("echo"), ["plain"]);
    // A volatile event may be dropped by the sender, but it must not disturb what follows.
    peer.socket.volatile.emit("echo", "volatile");
    await peer.fence();
  });
});

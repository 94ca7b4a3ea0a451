import assert from "node:assert/strict";
import { test } from "node:test";
import { eachTransport, join } from "../support/peer.mjs";

const bytes = (length, seed = 0) => Buffer.from(Uint8Array.from({ length }, (_, i) => i * 7 + seed));

eachTransport((transport) => {
  for (const forceBase64 of [false, true]) {
    const form = forceBase64 ? "as base64" : "raw";

    test(`buffers pass both ways, ${form}`, async (t) => {
      const peer = await join(t, transport, { forceBase64 });
      const [data, nested] = [bytes(256), bytes(1000, 3)];
      const ack = peer.call("bin", { name: "☃", data, nested: [nested] });
      assert.deepEqual(await peer.take("bin"), [{ name: "☃", data: nested, nested: [data] }]);
      assert.deepEqual(await ack, data);
    });

    test(`acks carry buffers both ways, ${form}`, async (t) => {
      const peer = await join(t, transport, { forceBase64 });
      peer.socket.on("question-bin", (buffer, ack) => ack(Buffer.concat([buffer, buffer])));
      peer.emit("ask-bin", bytes(10));
      assert.deepEqual(await peer.take("answered-bin"), [Buffer.concat([bytes(10), bytes(10)])]);
    });

    test(`an empty buffer is a buffer, ${form}`, async (t) => {
      const peer = await join(t, transport, { forceBase64 });
      const ack = peer.call("bin", { name: "", data: bytes(0), nested: [bytes(1)] });
      assert.deepEqual(await peer.take("bin"), [{ name: "", data: bytes(1), nested: [bytes(0)] }]);
      assert.deepEqual(await ack, bytes(0));
    });
  }

  test("typed arrays and array buffers are buffers", async (t) => {
    const peer = await join(t, transport);
    const floats = new Float32Array([1.5, -2]);
    const ack = peer.call("bin", { name: "", data: floats, nested: [bytes(8).buffer.slice(0, 0)] });
    assert.deepEqual(await ack, Buffer.from(floats.buffer));
  });

  test("buffers of 300 kB pass both ways", async (t) => {
    const peer = await join(t, transport);
    const [data, nested] = [bytes(300_000), bytes(300_000, 5)];
    const ack = peer.call("bin", { name: "large", data, nested: [nested] });
    const [event] = await peer.take("bin");
    assert.ok(event.data.equals(nested) && event.nested[0].equals(data));
    assert.ok((await ack).equals(data));
  });

  test("fifty binary events between text keep their order and their buffers", async (t) => {
    const peer = await join(t, transport);
    const acks = [];
    for (let n = 0; n < 50; n++) {
      acks.push(peer.call("bin", { name: `${n}`, data: Buffer.from([n]), nested: [Buffer.from([n, n])] }));
      peer.emit("echo", n);
    }
    for (let n = 0; n < 50; n++) {
      assert.deepEqual(await peer.take("bin"), [{ name: `${n}`, data: Buffer.from([n, n]), nested: [Buffer.from([n])] }]);
      assert.deepEqual(await peer.take("echo"), [n]);
    }
    assert.deepEqual(await Promise.all(acks), Array.from({ length: 50 }, (_, n) => Buffer.from([n])));
  });

  test("binary and text on several sockets at once do not mix", async (t) => {
    const peers = await Promise.all(Array.from({ length: 4 }, () => join(t, transport)));
    await Promise.all(
      peers.flatMap((peer, seed) =>
        Array.from({ length: 10 }, async () => {
          const data = bytes(100, seed);
          assert.deepEqual(await peer.call("bin", { name: "", data, nested: [bytes(1)] }), data);
        }),
      ),
    );
  });
});

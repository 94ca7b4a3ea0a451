import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { join } from "../support/peer.mjs";
import { RawSocket } from "../support/raw.mjs";
import { ours } from "../support/server.mjs";

const WEBSOCKET = { transports: ["websocket"], ends: "websocket" };

describe("WebSocket", () => {
  test("opens a session with nothing to upgrade to", async (t) => {
    const socket = await RawSocket.session(t);
    assert.deepEqual(Object.keys(socket.handshake), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert.deepEqual(socket.handshake.upgrades, []);
    socket.send("40");
    assert.match(await socket.text(), /^40\{"sid":"[A-Za-z0-9_-]{20}"\}$/);
  });

  test("is not compressed", async (t) => {
    const socket = await RawSocket.session(t);
    assert.equal(socket.ws.extensions, "");
  });

  test("an unknown session is refused with 400", async (t) => {
    assert.equal(await RawSocket.refused(t, { sid: "AAAAAAAAAAAAAAAAAAAA" }), 400);
  });

  test("an unknown transport is refused", async (t) => {
    assert.equal(await RawSocket.refused(t, { transport: "carrier-pigeon" }), 400);
  });

  test("Engine.IO 3 is refused with 400", ours("answers 101 first"), async (t) => {
    assert.equal(await RawSocket.refused(t, { EIO: "3" }), 400);
  });

  test("attachments follow their event, in raw messages", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send(
      '452-["bin",{"name":"n","data":{"_placeholder":true,"num":0},"nested":[{"_placeholder":true,"num":1}]}]',
      Buffer.from([1, 2, 3]),
      Buffer.from([4]),
    );
    assert.match(await socket.text(), /^452-\["bin",/);
    const sizes = [(await socket.binary()).length, (await socket.binary()).length];
    assert.deepEqual(sizes.sort(), [1, 3]);
  });

  test("base64 attachments are taken, too", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send(
      '452-3["bin",{"name":"n","data":{"_placeholder":true,"num":0},"nested":[{"_placeholder":true,"num":1}]}]',
      "bAQID",
      "bBA==",
    );
    await socket.text((text) => text.startsWith("461-3["));
    const attachments = [await socket.binary(), await socket.binary(), await socket.binary()];
    assert.deepEqual(attachments[2], Buffer.from([1, 2, 3]));
  });

  test("a client that asked for base64 gets base64", async (t) => {
    const socket = await RawSocket.connect(t, { b64: "1" });
    socket.send(
      '452-3["bin",{"name":"n","data":{"_placeholder":true,"num":0},"nested":[{"_placeholder":true,"num":1}]}]',
      "bAQID",
      "bBA==",
    );
    await socket.text((text) => text.startsWith("461-3["));
    const attachments = [];
    while (attachments.length < 3) attachments.push(await socket.text((text) => text[0] === "b"));
    assert.equal(attachments[2], "bAQID");
  });

  test("open, upgrade, noop and unasked pongs are ignored", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send("0", "3", "5", "6", '42["echo",1]');
    assert.equal(await socket.text(), '42["echo",1]');
  });

  test("an ack nobody waits for is ignored", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send('439999999999["late"]', '42["echo",1]');
    assert.equal(await socket.text(), '42["echo",1]');
  });

  test("a close packet closes at once", ours("ignores it"), async (t) => {
    const observer = await join(t, WEBSOCKET);
    const socket = await RawSocket.connect(t);
    socket.send("1");
    await socket.closed();
    const [left] = await observer.take("left", (left) => left.id === socket.id);
    assert.equal(left.reason, "transport close");
  });

  test("a message of exactly the announced size is taken", async (t) => {
    const socket = await RawSocket.connect(t);
    const [head, tail] = ['42["echo","', '"]'];
    const message = head + "x".repeat(socket.handshake.maxPayload - head.length - tail.length) + tail;
    socket.send(message);
    assert.ok((await socket.text()) === message);
  });

  for (const [kind, message] of [["text", (size) => "4".repeat(size)], ["binary", (size) => Buffer.alloc(size)]]) {
    test(`a ${kind} message over the announced size closes with 1009`, async (t) => {
      const observer = await join(t, WEBSOCKET);
      const socket = await RawSocket.connect(t);
      socket.send(message(socket.handshake.maxPayload + 1));
      assert.equal(await socket.closed(), 1009);
      const [left] = await observer.take("left", (left) => left.id === socket.id);
      assert.equal(left.reason, "transport error");
    });
  }

  test("fragments count as one message", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.ws.send('42["ec', { fin: false });
    socket.ws.send('ho","in ', { fin: false });
    socket.ws.send('pieces"]', { fin: true });
    assert.equal(await socket.text(), '42["echo","in pieces"]');
  });

  test("fragments are counted together against the announced size", async (t) => {
    const socket = await RawSocket.connect(t);
    const piece = "x".repeat(socket.handshake.maxPayload / 2);
    for (const fin of [false, false, true]) socket.ws.send(piece, { fin });
    assert.equal(await socket.closed(), 1009);
  });
});

// Each packet is sent by a client that has joined `/`. `node` describes Node's behaviour if it differs.
const PLACEHOLDER = '{"_placeholder":true,"num":0}';
const FAULTS = [
  { what: "an unknown Engine.IO packet", packets: ["x"], reason: "parse error" },
  { what: "an empty text message", packets: [""], reason: "parse error" },
  { what: "a ping, which is the server's to send", packets: ["2"], reason: "transport error" },
  { what: "an empty Socket.IO packet", packets: ["4"] },
  { what: "an unknown Socket.IO packet", packets: ["49"] },
  { what: "an event of broken JSON", packets: ['42["echo"'] },
  { what: "an event that is no array", packets: ['42{"echo":1}'] },
  { what: "an event without a name", packets: ["42[]"] },
  { what: "an event without a payload", packets: ["42"], node: "dispatches it without a name" },
  { what: "an event whose name is an object", packets: ['42[{"toString":"foo"}]'] },
  { what: "an event under a reserved name", packets: ['42["disconnect"]'] },
  { what: "an ack that is no array", packets: ['431"x"'] },
  { what: "a CONNECT_ERROR, which is the server's to send", packets: ['44{"message":"no"}'] },
  { what: "an event for a namespace not joined", packets: ['42/chat,["echo",1]'] },
  { what: "a binary event for a namespace not joined", packets: [`451-/chat,["echo",${PLACEHOLDER}]`, Buffer.from([1])] },
  { what: "binary nobody announced", packets: [Buffer.from([1, 2, 3])] },
  { what: "text where an attachment is due", packets: [`451-["echo",${PLACEHOLDER}]`, '42["echo",1]'] },
  { what: "no attachments announced", packets: ['450-["echo",1]'] },
  { what: "attachments announced without a number", packets: ['45-["echo",1]'] },
  { what: "too many attachments announced", packets: [`4511-["echo",${PLACEHOLDER}]`] },
  { what: "a placeholder out of range", packets: ['451-["echo",{"_placeholder":true,"num":1}]', Buffer.from([1])] },
  { what: "a placeholder that is no index", packets: ['451-["echo",{"_placeholder":true,"num":"splice"}]', Buffer.from([1])] },
];

describe("a connection is closed on", () => {
  for (const { what, packets, reason, node } of FAULTS) {
    test(what, node ? ours(node) : {}, async (t) => {
      const observer = await join(t, WEBSOCKET);
      const socket = await RawSocket.connect(t);
      socket.send(...packets);
      await socket.closed();
      const [left] = await observer.take("left", (left) => left.id === socket.id);
      assert.ok((reason ? [reason] : ["forced close", "forced server close"]).includes(left.reason), left.reason);
    });
  }

  test("a CONNECT that broken JSON follows", async (t) => {
    const socket = await RawSocket.session(t);
    socket.send('40{"token":');
    await socket.closed();
  });

  test("an event before any CONNECT", async (t) => {
    const socket = await RawSocket.session(t);
    socket.send('42["echo",1]');
    await socket.closed();
  });
});

test("a second CONNECT leaves the namespace and joins it again", ours("closes the connection"), async (t) => {
  const observer = await join(t, WEBSOCKET);
  const socket = await RawSocket.connect(t);
  socket.send("40");
  const packet = await socket.text((text) => text.startsWith("40"));
  assert.notEqual(JSON.parse(packet.slice(2)).sid, socket.id);
  const [left] = await observer.take("left", (left) => left.id === socket.id);
  assert.equal(left.reason, "client namespace disconnect");
  await socket.text((text) => text.startsWith('42["welcome"'));
  socket.send('42["echo",1]');
  await socket.text((text) => text === '42["echo",1]');
});

describe("after a disconnect by the server", () => {
  test("events in flight are ignored", ours("closes the connection"), async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send("40/chat,");
    await socket.text((text) => text.startsWith("40/chat,"));
    await socket.text((text) => text === '42/chat,["hello"]');
    socket.send('42["disconnect-me",false]', '42["echo",1]', '42["echo",2]', '42/chat,["echo",3]');
    await socket.text((text) => text === "41");
    await socket.text((text) => text === '42/chat,["echo",3]');
    assert.deepEqual(socket.received(), []);
  });

  test("the namespace may be joined again", async (t) => {
    const socket = await RawSocket.connect(t);
    socket.send('42["disconnect-me",false]');
    await socket.text((text) => text === "41");
    socket.send("40");
    await socket.text((text) => text.startsWith("40"));
    await socket.text((text) => text.startsWith('42["welcome"'));
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../support/deadline.mjs";
import { eachTransport, join, open } from "../support/peer.mjs";
import { ours, unique } from "../support/server.mjs";

const refusalOf = async (peer) => {
  const [error] = await peer.take("connect_error");
  return { message: error.message, data: error.data };
};

eachTransport((transport) => {
  test("a namespace has handlers of its own", async (t) => {
    const chat = await join(t, transport, { nsp: "/chat" });
    assert.deepEqual(await chat.take("hello"), []);
    await chat.fence();
    await assert.rejects(chat.socket.timeout(200).emitWithAck("sum", 1, 2));
  });

  test("namespaces share a connection and nothing else", async (t) => {
    const root = await join(t, transport);
    const chat = root.of("/chat");
    await chat.connected();
    assert.notEqual(root.id, chat.id);
    assert.equal(chat.engine, root.engine);
    const text = unique("text");
    root.emit("all", text);
    await root.take("all", (value) => value === text);
    await chat.fence();
    assert.deepEqual(chat.received("all"), []);
  });

  test("leaving one namespace keeps the others", async (t) => {
    const root = await join(t, transport);
    const chat = root.of("/chat");
    await chat.connected();
    chat.socket.disconnect();
    await root.fence();
    const { id } = root;
    chat.socket.connect();
    await chat.connected();
    await chat.fence();
    assert.equal(root.id, id);
  });

  test("a namespace left and joined again gives a new id", async (t) => {
    const root = await join(t, transport);
    const chat = root.of("/chat");
    await chat.connected();
    await chat.take("hello");
    const { id } = chat;
    chat.socket.disconnect();
    await root.fence();
    chat.socket.connect();
    await chat.connected();
    assert.notEqual(chat.id, id);
    assert.deepEqual(await chat.take("hello"), []);
  });

  test("a namespace may be left and joined in one tick", ours("may take it for a second CONNECT and close"), async (t) => {
    const root = await join(t, transport);
    const chat = root.of("/chat");
    await chat.connected();
    await chat.take("hello");
    const { id } = chat;
    for (let i = 0; i < 3; i++) {
      chat.socket.disconnect();
      chat.socket.connect();
      chat.emit("echo", i);
      await chat.connected();
      assert.notEqual(chat.id, id);
      await chat.take("hello");
      assert.deepEqual(await chat.take("echo"), [i]);
    }
    await root.fence();
  });

  // React's strict mode does this to a component that connects: the client sends CONNECT twice, without a DISCONNECT.
  test("a namespace may be given up before it is answered and asked for again", ours("closes the connection"), async (t) => {
    const root = await join(t, transport);
    const { id } = root;
    const { io: manager } = root.socket;
    manager.socket("/chat").disconnect();
    const chat = root.of("/chat");
    await chat.connected();
    await chat.take("hello");
    await chat.fence();
    await root.fence();
    assert.equal(root.id, id);
    assert.equal(root.socket.connected, true);
  });

  test("an unknown namespace is refused and the connection kept", async (t) => {
    const root = await join(t, transport);
    const unknown = root.of("/no-such-namespace");
    assert.deepEqual(await refusalOf(unknown), { message: "Invalid namespace", data: undefined });
    await root.fence();
  });

  test("a name that looks like a known namespace is not it", async (t) => {
    const root = await join(t, transport);
    for (const nsp of ["/chat/", "/Chat", "/chat/a", "/__proto__", "/ch"]) {
      assert.equal((await refusalOf(root.of(nsp))).message, "Invalid namespace", nsp);
    }
    await root.fence();
  });

  test("a namespace may refuse, with a message and data", async (t) => {
    const root = await join(t, transport);
    const refusal = { message: "not authorized", data: { code: 4401 } };
    assert.deepEqual(await refusalOf(root.of("/private")), refusal);
    await root.fence();
  });

  test("a refusal is an answer on a connection of its own, too", async (t) => {
    const peer = open(t, transport, { nsp: "/private", auth: { token: "wrong" } });
    const refusal = { message: "not authorized", data: { code: 4401 } };
    assert.deepEqual(await refusalOf(peer), refusal);
  });

  test("after a refusal the client may try again with what was missing", async (t) => {
    const root = await join(t, transport);
    const peer = root.of("/private", { auth: { token: "wrong" } });
    await peer.take("connect_error");
    peer.socket.auth = { token: "secret" };
    peer.socket.connect();
    await peer.connected();
    await peer.fence();
  });

  test("several namespaces may be joined at once", async (t) => {
    const root = open(t, transport);
    const peers = [root, root.of("/chat"), root.of("/private", { auth: { token: "secret" } })];
    await Promise.all(peers.map((peer) => peer.connected()));
    assert.equal(new Set(peers.map((peer) => peer.id)).size, 3);
    await Promise.all(peers.map((peer) => peer.fence()));
  });

  test("a connect handler may await an ack; events wait for it, in order", async (t) => {
    const root = await join(t, transport);
    const slow = root.of("/slow-connect");
    await slow.connected();
    const acked = [];
    const all = new Promise((resolve) => {
      for (let i = 0; i < 5; i++) {
        slow.emit("n", i, (handled) => acked.push([i, handled]) === 5 && resolve());
      }
    });
    const [alive] = await slow.take("are-you-there");
    await root.fence();
    assert.deepEqual(acked, []);
    alive("yes");
    await within(all, "acks of the waiting events");
    assert.deepEqual(acked, [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]);
    assert.equal(await slow.call("n", 5), 6);
  });

  test("a connect handler that never ends does not hold up the other namespaces", async (t) => {
    const root = await join(t, transport);
    const slow = root.of("/slow-connect");
    await slow.take("are-you-there");
    await root.fence();
    const chat = root.of("/chat");
    await chat.connected();
    await chat.fence();
    slow.socket.disconnect();
    await root.fence();
  });
});

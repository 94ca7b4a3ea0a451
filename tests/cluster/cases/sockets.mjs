import assert from "node:assert/strict";
import { until } from "../support/until.mjs";

const ids = (sockets) => sockets.map(({ id }) => id).sort();

/** Asserts which sockets a server finds. */
async function finds(s, target, expected) {
  assert.deepEqual(ids(await s.actor.call("fetchSockets", target)), ids(expected));
}

/** Waits until a room has these members. */
async function hasMembers(s, room, expected, nsp = "/") {
  const fetched = async () => ids(await s.actor.call("fetchSockets", { nsp, rooms: [room] }));
  await until(`the members of ${room}`, async () => String(await fetched()) === String(ids(expected)));
}

const later = ([actor]) => (actor === "N" ? "Node applies it to its own sockets when Redis sends it back" : undefined);

export const sockets = [
  {
    name: "socketsJoin",
    async run(s) {
      await s.actor.call("socketsJoin", { names: ["all"] });
      await hasMembers(s, "all", s.peers);
      await s.emits({ rooms: ["all"] }, "to all", [], s.peers);
      const some = [s.peers[0], s.peers[3], s.peers[4]];
      await s.join("some", ...some);
      await s.actor.call("socketsJoin", { rooms: ["some"], except: [s.peers[3].id], names: ["new", "newer", "ünï ☃"] });
      await hasMembers(s, "newer", [s.peers[0], s.peers[4]]);
      for (const room of ["new", "newer", "ünï ☃"]) await s.emits({ rooms: [room] }, room, [], [s.peers[0], s.peers[4]]);
    },
  },
  {
    name: "socketsJoin, then a broadcast at once",
    skip: later,
    async run(s) {
      for (const room of ["first", "second", "third"]) {
        s.actor.call("socketsJoin", { names: [room] });
        await s.emits({ rooms: [room] }, room, ["hello"], s.peers);
      }
    },
  },
  {
    name: "socketsJoin, then a broadcast at once, reaches the sockets of other servers",
    async run(s) {
      await s.join("other", ...s.peersOf(s.others));
      for (const room of ["first", "second", "third"]) {
        s.actor.call("socketsJoin", { rooms: ["other"], names: [room] });
        await s.emits({ rooms: [room] }, room, ["hello"], s.peersOf(s.others));
      }
    },
  },
  {
    name: "socketsLeave",
    async run(s) {
      for (const room of ["one", "two", "three"]) await s.join(room, ...s.peers);
      await s.actor.call("socketsLeave", { rooms: [s.peers[1].id, s.peers[4].id], names: ["one", "two"] });
      const remaining = s.peers.filter((_, i) => i !== 1 && i !== 4);
      await hasMembers(s, "one", remaining);
      await s.emits({ rooms: ["one"] }, "to one", [], remaining);
      await s.emits({ rooms: ["two"] }, "to two", [], remaining);
      await s.emits({ rooms: ["three"] }, "to three", [], s.peers);
    },
  },
  {
    name: "socketsLeave, then a broadcast at once",
    skip: later,
    async run(s) {
      await s.join("room", ...s.peers);
      s.actor.call("socketsLeave", { except: [s.peers[0].id, s.peers[5].id], names: ["room"] });
      await s.emits({ rooms: ["room"] }, "news", ["hello"], [s.peers[0], s.peers[5]]);
    },
  },
  {
    name: "disconnectSockets keeps the connection",
    async run(s) {
      const chat = await s.of("/chat");
      const gone = [s.peers[0], s.peers[2], s.peers[5]];
      await s.join("room", ...gone);
      await s.actor.call("disconnectSockets", { rooms: ["room"], close: false });
      await Promise.all(gone.map((peer) => peer.disconnection()));
      for (const peer of gone) assert.equal(peer.reason, "io server disconnect", peer.name);
      await s.emits({ nsp: "/chat", peers: chat }, "news", [], chat);
      await s.emits({ peers: s.peers.filter((peer) => !gone.includes(peer)) }, "news", [], s.peers);
    },
  },
  {
    name: "disconnectSockets that closes the connection",
    async run(s) {
      const chat = await s.of("/chat");
      await s.actor.call("disconnectSockets", { except: [s.peers[1].id], close: true });
      const gone = s.peers.filter((_, i) => i !== 1);
      await Promise.all(gone.map((peer) => peer.disconnection()));
      await Promise.all(chat.filter((_, i) => i !== 1).map((peer) => peer.disconnection()));
      for (const peer of gone) assert.equal(peer.reason, "io server disconnect", peer.name);
      for (const peer of gone) await until(`${peer.name} is closed`, () => peer.socket.io.engine.readyState === "closed");
      await s.emits({ peers: [s.peers[1]] }, "news", [], [s.peers[1]]);
      await s.emits({ nsp: "/chat", peers: [chat[1]] }, "news", [], [chat[1]]);
    },
  },
  {
    name: "fetchSockets",
    async run(s) {
      await s.join("one", s.peers[0], s.peers[2], s.peers[4]);
      await s.join("two", s.peers[4], s.peers[5]);
      await finds(s, {}, s.peers);
      await finds(s, { rooms: ["one"] }, [s.peers[0], s.peers[2], s.peers[4]]);
      await finds(s, { rooms: ["one", "two"] }, [s.peers[0], s.peers[2], s.peers[4], s.peers[5]]);
      await finds(s, { rooms: ["one", "two"], except: ["two"] }, [s.peers[0], s.peers[2]]);
      await finds(s, { rooms: [s.peers[5].id] }, [s.peers[5]]);
      await finds(s, { rooms: ["empty"] }, []);
      await finds(s, { flags: { local: true } }, s.peersOf([s.actor]));
    },
  },
  {
    name: "fetchSockets has rooms, data and handshakes",
    async run(s) {
      await s.join("ünï ☃", ...s.peers);
      await Promise.all(s.peers.map((peer) => peer.call("data", { name: peer.name, list: [1, null, "ünï ☃"] })));
      const fetched = await s.actor.call("fetchSockets");
      const kind = (node) => s.cluster.kinds[s.cluster.nodes.indexOf(node)];
      for (const { id, name, node } of s.peers) {
        const { rooms, data, handshake } = fetched.find((socket) => socket.id === id) ?? assert.fail(`${name} is missing`);
        assert.deepEqual(rooms.sort(), [id, "ünï ☃"].sort(), name);
        assert.deepEqual(data, { name, list: [1, null, "ünï ☃"] }, name);
        assert.match(handshake.address, /127\.0\.0\.1/, name);
        // Rust sends no credentials to other servers, and does not read them.
        const auth = kind(node) === "N" ? { name } : {};
        assert.deepEqual(handshake.auth, kind(s.actor) === "N" ? auth : undefined, name);
        assert.equal(handshake.query.from, name);
        assert.equal(handshake.query.EIO, "4", name);
        assert.equal(handshake.headers["x-from"], name);
        assert.match(handshake.headers.host, /^127\.0\.0\.1:/, name);
      }
    },
  },
  {
    name: "fetchSockets of sockets without data",
    async run(s) {
      for (const { data } of await s.actor.call("fetchSockets")) assert.deepEqual(data, {});
    },
  },
  {
    name: "fetchSockets has the data that the server has set",
    async run(s) {
      for (const peer of s.peers) await peer.node.call("setData", { socket: peer.id, data: { from: peer.node.name } });
      const fetched = await s.actor.call("fetchSockets");
      for (const { id, node } of s.peers) {
        assert.deepEqual(fetched.find((socket) => socket.id === id)?.data, { from: node.name });
      }
    },
  },
  {
    name: "fetchSockets in other namespaces",
    async run(s) {
      const chat = await s.of("/chat", s.peers.slice(1, 5));
      await finds(s, { nsp: "/chat" }, chat);
      const nsp = `/orders/fetched-${s.number}`;
      const orders = await s.of(nsp, s.peersOf(s.others));
      if (s.cluster.kinds[0] === "N") {
        // Node does not wait for its subscriptions to a namespace that it opens; before, it may expect one response too few.
        await s.actor.emit({ nsp }, "open");
        await s.cluster.redis.members(nsp, s.cluster.nodes.length);
      }
      await finds(s, { nsp }, orders);
    },
  },
  {
    name: "a broadcast to a fetched socket",
    async run(s) {
      for (const peer of s.peers) {
        await s.actor.call("remoteEmit", { socket: peer.id, event: `to ${peer.name}`, args: ["hello", Buffer.from("binary")] });
      }
      await s.fence(s.actor);
      for (const peer of s.peers) s.received(`to ${peer.name}`, ["hello", Buffer.from("binary")], [peer]);
    },
  },
  {
    name: "the ack of a fetched socket",
    async run(s) {
      const ask = (peer, timeout) => s.actor.call("remoteEmit", { socket: peer.id, event: "ask", args: ["?"], timeout });
      for (const peer of s.peers) assert.deepEqual(await ask(peer, 5_000), peer.name);
      for (const peer of [s.peers[0], s.peers[5]]) {
        peer.reply = () => {};
        await assert.rejects(ask(peer, 300));
      }
    },
  },
  {
    name: "rooms and the end of a fetched socket",
    async run(s) {
      for (const peer of [s.peers[1], s.peers[5]]) {
        const room = `room of ${peer.name}`;
        await s.actor.call("remoteJoin", { socket: peer.id, names: [room] });
        await hasMembers(s, room, [peer]);
        await s.actor.call("remoteLeave", { socket: peer.id, names: [room] });
        await hasMembers(s, room, []);
        await s.actor.call("remoteDisconnect", { socket: peer.id, close: false });
        await peer.disconnection();
        assert.equal(peer.reason, "io server disconnect");
      }
      await finds(s, {}, s.peers.filter((_, i) => i !== 1 && i !== 5));
    },
  },
];

// Cases of a process that is not a server.
import assert from "node:assert/strict";
import { BINARY, LARGE, ODD_JSON } from "./values.mjs";
import { serverEvent } from "./server-events.mjs";

export const emitter = [
  {
    name: "emitter: broadcasts to all, to rooms and except rooms",
    async run(s) {
      const by = s.emitter;
      await s.join("one", s.peers[0], s.peers[2], s.peers[3]);
      await s.join("two", s.peers[3], s.peers[4]);
      await s.emits({ by }, "all", ["hello"], s.peers);
      await s.emits({ by, rooms: ["one"] }, "one", ["hello"], [s.peers[0], s.peers[2], s.peers[3]]);
      await s.emits({ by, rooms: ["one", "two"] }, "both", [], [s.peers[0], s.peers[2], s.peers[3], s.peers[4]]);
      await s.emits({ by, rooms: ["one"], except: ["two"] }, "but two", [], [s.peers[0], s.peers[2]]);
      await s.emits({ by, except: [s.peers[5].id] }, "but one", [], s.peers.slice(0, 5));
      await s.emits({ by, rooms: [s.peers[5].id] }, "to one", [], [s.peers[5]]);
    },
  },
  {
    name: "emitter: binary, large and odd arguments",
    async run(s) {
      await s.emits({ by: s.emitter }, "binary", BINARY, s.peers);
      await s.emits({ by: s.emitter }, "large", [LARGE], s.peers);
      await s.emits({ by: s.emitter }, "odd", ODD_JSON, s.peers);
    },
  },
  {
    name: "emitter: other namespaces",
    async run(s) {
      const chat = await s.of("/chat");
      await s.join("room", chat[1], chat[4], ...s.peers);
      await s.emits({ by: s.emitter, nsp: "/chat", peers: chat }, "all", ["hello"], chat);
      await s.emits({ by: s.emitter, nsp: "/chat", peers: chat, rooms: ["room"] }, "some", [], [chat[1], chat[4]]);
      const nsp = `/orders/emitted-${s.number}`;
      const orders = await s.of(nsp);
      await s.emits({ by: s.emitter, nsp, peers: orders }, "all", ["hello"], orders);
      await s.fence(s.emitter);
      for (const event of ["all", "some"]) s.received(event, [], []);
    },
  },
  {
    name: "emitter: socketsJoin and socketsLeave, each with a broadcast at once",
    async run(s) {
      const by = s.emitter;
      for (const room of ["first", "second"]) {
        by.call("socketsJoin", { names: [room, `${room}, too`] });
        await s.emits({ by, rooms: [room] }, `${room}, joined`, [], s.peers);
        by.call("socketsLeave", { rooms: [`${room}, too`], except: [s.peers[0].id, s.peers[5].id], names: [room] });
        await s.emits({ by, rooms: [room] }, `${room}, left`, [], [s.peers[0], s.peers[5]]);
      }
    },
  },
  {
    name: "emitter: disconnectSockets",
    async run(s) {
      const by = s.emitter;
      const chat = await s.of("/chat");
      await by.call("disconnectSockets", { rooms: [s.peers[0].id, s.peers[2].id], close: false });
      await by.call("disconnectSockets", { rooms: [s.peers[5].id], close: true });
      for (const peer of [s.peers[0], s.peers[2], s.peers[5]]) {
        await peer.disconnection();
        assert.equal(peer.reason, "io server disconnect", peer.name);
      }
      await chat[5].disconnection();
      await s.emits({ by, peers: [s.peers[1], s.peers[3], s.peers[4]] }, "news", [], s.peers);
      await s.emits({ by, nsp: "/chat", peers: chat.slice(0, 5) }, "news", [], chat);
    },
  },
  {
    name: "emitter: serverSideEmit",
    async run(s) {
      await serverEvent(s, s.emitter, s.cluster.nodes, "/", ["hello", ...ODD_JSON]);
      await serverEvent(s, s.emitter, s.cluster.nodes, "/chat", []);
    },
  },
  {
    name: "emitter: 1 000 broadcasts arrive in order and once",
    async run(s) {
      const numbers = Array.from({ length: 1_000 }, (_, i) => i);
      await Promise.all(numbers.map((n) => s.emitter.emit({}, "number", n)));
      await s.fence(s.emitter);
      for (const peer of s.peers) assert.deepEqual(peer.received("number").flat(), numbers, peer.name);
    },
  },
];

import assert from "node:assert/strict";
import { BINARY } from "./values.mjs";

const TIMEOUT_MS = 5_000;
/** The timeout of broadcasts that some clients do not answer. */
const SHORT_TIMEOUT_MS = 500;

const names = (peers) => peers.map(({ name }) => name).sort();

/** Emits to a target; asserts which acks come, in any order. */
async function acked(s, target, expected) {
  const acks = await s.actor.call("emitWithAck", { ...target, event: "ask", args: ["?"], timeout: TIMEOUT_MS });
  assert.deepEqual(acks.sort(), expected);
}

/** Emits to all sockets; asserts that it ends by the timeout, with these acks. */
async function incomplete(s, expected) {
  const acks = s.actor.call("emitWithAck", { event: "ask", args: ["?"], timeout: SHORT_TIMEOUT_MS });
  const error = await acks.then((all) => new Error(`there was no timeout: ${all}`), (error) => error);
  assert.deepEqual(error.acks?.sort(), expected, error.message);
}

export const acks = [
  {
    name: "acks of all clients",
    run: (s) => acked(s, {}, names(s.peers)),
  },
  {
    name: "acks of a room",
    async run(s) {
      const members = [s.peers[1], s.peers[2], s.peers[5]];
      await s.join("room", ...members);
      await acked(s, { rooms: ["room"] }, names(members));
      await acked(s, { rooms: ["room"], except: [members[2].id] }, names(members.slice(0, 2)));
      await acked(s, { rooms: [s.peers[4].id] }, names([s.peers[4]]));
    },
  },
  {
    name: "acks of a room without members",
    run: (s) => acked(s, { rooms: ["empty"] }, []),
  },
  {
    name: "acks in another namespace",
    async run(s) {
      const chat = await s.of("/chat", s.peers.slice(1));
      await acked(s, { nsp: "/chat" }, names(chat));
    },
  },
  {
    name: "acks of clients of other servers alone",
    async run(s) {
      await s.join("room", ...s.peersOf(s.others));
      await acked(s, { rooms: ["room"] }, names(s.peersOf(s.others)));
    },
  },
  {
    name: "acks of a local broadcast",
    skip: ([actor]) => (actor === "N" ? "Node waits for the other servers until the timeout" : undefined),
    run: (s) => acked(s, { flags: { local: true } }, names(s.peersOf([s.actor]))),
  },
  {
    name: "a client that does not ack is waited for until the timeout",
    async run(s) {
      for (const silent of [s.peers[0], s.peers[5]]) {
        silent.reply = () => {};
        await incomplete(s, names(s.peers.filter((peer) => peer !== silent)));
        silent.reply = (...args) => args.pop()(silent.name);
      }
    },
  },
  {
    name: "a client that disconnects instead of acking is waited for until the timeout",
    async run(s) {
      s.peers[3].reply = () => s.peers[3].close();
      await incomplete(s, names(s.peers.filter((_, i) => i !== 3)));
    },
  },
  {
    name: "binary and odd acks",
    async run(s) {
      const values = [BINARY[0], { nested: [BINARY[1]] }, null, "ünï ☃ 😀", { a: [1, -1.5, {}] }, []];
      for (const [index, peer] of s.peers.entries()) peer.reply = (...args) => args.pop()(values[index]);
      const received = await s.actor.call("emitWithAck", { event: "ask", args: BINARY, timeout: TIMEOUT_MS });
      const byName = (_, value) => (value?.constructor === Object ? Object.fromEntries(Object.entries(value).sort()) : value);
      const sorted = (list) => list.map((value) => JSON.stringify(value, byName)).sort();
      assert.deepEqual(sorted(received), sorted(values));
      assert.equal(received.filter(Buffer.isBuffer).length, 1);
    },
  },
  {
    name: "many broadcasts with acks at once",
    async run(s) {
      const events = Array.from({ length: 50 }, (_, i) => i);
      for (const peer of s.peers) peer.reply = (_event, i, ack) => ack(`${i} ${peer.name}`);
      const asked = (i) => s.actor.call("emitWithAck", { event: "ask", args: [i], timeout: TIMEOUT_MS });
      const received = await Promise.all(events.map(asked));
      for (const i of events) assert.deepEqual(received[i].sort(), names(s.peers).map((name) => `${i} ${name}`));
    },
  },
];

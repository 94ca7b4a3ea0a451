import { BINARY, HUGE, LARGE, ODD_JSON } from "./values.mjs";

/** Values of JavaScript that JSON does not have, and what clients receive. */
const NOT_JSON = [
  [{ $date: "2026-02-03T04:05:06.789Z" }, "2026-02-03T04:05:06.789Z"],
  [{ $date: "1970-01-01T00:00:00.000Z" }, "1970-01-01T00:00:00.000Z"],
  [{ $date: "1901-01-01T00:00:00.000Z" }, "1901-01-01T00:00:00.000Z"],
  [{ $number: "NaN" }, null],
  [{ $number: "-Infinity" }, null],
  [{ $undefined: true }, null],
  [{ kept: 1, left: { $undefined: true } }, { kept: 1 }],
];

const onlyNode = ([actor]) => (actor === "N" ? undefined : "there are no such values in Rust");

export const broadcasts = [
  {
    name: "a broadcast to all",
    run: (s) => s.emits({}, "news", ["hello", 1], s.peers),
  },
  {
    name: "a broadcast without arguments, and with many",
    async run(s) {
      await s.emits({}, "none", [], s.peers);
      await s.emits({}, "many", Array.from({ length: 20 }, (_, i) => i), s.peers);
    },
  },
  {
    name: "a broadcast to a room",
    async run(s) {
      const members = [s.peers[0], s.peers[2], s.peers[5]];
      await s.join("room", ...members);
      await s.emits({ rooms: ["room"] }, "news", ["hello"], members);
      await s.emits({ rooms: ["empty"] }, "nobody", [], []);
    },
  },
  {
    name: "a broadcast to a room of another server",
    async run(s) {
      await s.join("room", s.peers[5]);
      await s.emits({ rooms: ["room"] }, "news", ["hello"], [s.peers[5]]);
    },
  },
  {
    name: "a broadcast to three rooms reaches a member of all of them once",
    async run(s) {
      const [first, second, third, fourth, fifth] = s.peers;
      for (const room of ["one", "two", "three"]) await s.join(room, first, third, fifth);
      await s.join("two", second, fourth);
      await s.emits({ rooms: ["one", "two", "three"] }, "news", ["hello"], [first, second, third, fourth, fifth]);
    },
  },
  {
    name: "a broadcast except rooms and sockets",
    async run(s) {
      await s.join("room", ...s.peers.slice(0, 5));
      await s.join("left out", s.peers[1], s.peers[3]);
      await s.join("left out too", s.peers[4]);
      await s.emits({ except: ["left out"] }, "all but two", [], s.peers.filter((_, i) => i !== 1 && i !== 3));
      await s.emits({ except: [s.peers[2].id] }, "all but one", [], s.peers.filter((_, i) => i !== 2));
      const target = { rooms: ["room", s.peers[5].id], except: ["left out", "left out too", "empty"] };
      await s.emits(target, "of a room", [], [s.peers[0], s.peers[2], s.peers[5]]);
    },
  },
  {
    name: "a broadcast to the id of a socket",
    async run(s) {
      for (const peer of s.peers) await s.emits({ rooms: [peer.id] }, `to ${peer.name}`, ["hello"], [peer]);
    },
  },
  {
    name: "rooms with odd names",
    async run(s) {
      for (const room of ["a#b", "#", "ünï ☃ 😀", "*", "[x]?", "0", "-1", "a b", "/chat", '"quoted"', "x".repeat(1_000)]) {
        await s.join(room, s.peers[1], s.peers[4]);
        await s.emits({ rooms: [room] }, `to ${room}`, [], [s.peers[1], s.peers[4]]);
      }
    },
  },
  {
    name: "a room that is a number",
    skip: ([actor]) => (actor === "N" ? undefined : "rooms are strings in Rust"),
    async run(s) {
      await s.join(7, s.peers[1], s.peers[4]);
      await s.emits({ rooms: [7] }, "to one", [], [s.peers[1], s.peers[4]]);
      await s.emits({ rooms: [7, 8] }, "to two", [], [s.peers[1], s.peers[4]]);
      await s.emits({ except: [7] }, "except", [], s.peers.filter((_, i) => i !== 1 && i !== 4));
    },
  },
  {
    name: "a volatile broadcast",
    async run(s) {
      // A client that is between two requests may miss it.
      const missing = () => s.peers.some((peer) => peer.received("volatile").length === 0);
      let sent = 0;
      for (; missing() && sent < 100; sent++) {
        await s.actor.emit({ flags: { volatile: true } }, "volatile", sent);
        await s.fence(s.actor);
      }
      for (const peer of s.peers) {
        const numbers = peer.received("volatile").map(([number]) => number);
        const increasing = numbers.every((number, i) => number < sent && (i === 0 || number > numbers[i - 1]));
        if (numbers.length === 0 || !increasing) throw new Error(`${peer.name}: received ${numbers} of ${sent}`);
      }
    },
  },
  {
    name: "a local broadcast",
    run: (s) => s.emits({ flags: { local: true } }, "news", ["hello"], s.peersOf([s.actor])),
  },
  {
    name: "binary arguments",
    run: (s) => s.emits({}, "binary", BINARY, s.peers),
  },
  {
    name: "large arguments",
    async run(s) {
      await s.emits({}, "text", [LARGE], s.peers);
      await s.emits({}, "binary", [Buffer.alloc(200_000, 3)], s.peers);
      await s.emits({}, "numbers", [Array.from({ length: 30_000 }, (_, i) => i * i)], s.peers);
    },
  },
  {
    name: "Unicode and odd JSON",
    async run(s) {
      await s.emits({}, "together", ODD_JSON, s.peers);
      for (const [index, value] of ODD_JSON.entries()) await s.emits({}, `number ${index}`, [value], s.peers);
    },
  },
  {
    name: "whole numbers beyond 64 bits",
    skip: ([actor]) => (actor === "N" ? "notepack writes their lowest 64 bits" : undefined),
    run: (s) => s.emits({}, "huge", [HUGE], s.peers),
  },
  {
    name: "odd JSON beside binary",
    run: (s) => s.emits({}, "both", [...ODD_JSON.filter((value) => !value?._placeholder), ...BINARY], s.peers),
  },
  {
    name: "values that JSON does not have",
    skip: onlyNode,
    async run(s) {
      await s.actor.emit({}, "odd", ...NOT_JSON.map(([value]) => value));
      await s.fence(s.actor);
      s.received("odd", NOT_JSON.map(([, received]) => received), s.peers);
    },
  },
  {
    name: "names of events",
    async run(s) {
      for (const event of ["événement ☃ 😀", 'say "hi" \\ bye', "line\nbreak", "7", "a b", "x".repeat(1_000)]) {
        await s.emits({}, event, ["hello"], s.peers);
      }
    },
  },
  {
    name: "a broadcast in another namespace",
    async run(s) {
      const chat = await s.of("/chat");
      await s.join("room", ...s.peers);
      await s.join("room", chat[1], chat[4]);
      await s.emits({ nsp: "/chat", peers: chat }, "all", ["hello"], chat);
      await s.emits({ nsp: "/chat", peers: chat, rooms: ["room"] }, "some", ["hello"], [chat[1], chat[4]]);
      await s.emits({ nsp: "/chat", peers: chat }, "binary", BINARY, chat);
      await s.fence(s.actor);
      for (const event of ["all", "some", "binary"]) s.received(event, [], []);
    },
  },
  {
    name: "a broadcast in a dynamic namespace that only other servers have",
    async run(s) {
      const nsp = `/orders/elsewhere-${s.number}`;
      const peers = await s.of(nsp, s.peersOf(s.others));
      const another = await s.of(`/orders/another-${s.number}`, s.peersOf(s.others));
      await s.join("room", peers[0], peers[3], another[0]);
      await s.emits({ nsp, peers }, "all", ["hello"], peers);
      await s.emits({ nsp, peers, rooms: ["room"] }, "some", ["hello"], [peers[0], peers[3]]);
      await s.fence(s.actor, another, `/orders/another-${s.number}`);
      for (const event of ["all", "some"]) s.received(event, [], [], another);
    },
  },
];

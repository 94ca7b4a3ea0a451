import assert from "node:assert/strict";

const numbers = (count) => Array.from({ length: count }, (_, i) => i);

export const order = [
  {
    name: "1 000 broadcasts arrive in order and once",
    async run(s) {
      await Promise.all(numbers(1_000).map((n) => s.actor.emit({}, "number", n)));
      await s.fence(s.actor);
      for (const peer of s.peers) assert.deepEqual(peer.received("number").flat(), numbers(1_000), peer.name);
    },
  },
  {
    name: "broadcasts to all, to rooms and with binary keep their order",
    async run(s) {
      await s.join("one", ...s.peers);
      await s.join("two", ...s.peers);
      const targets = [{}, { rooms: ["one"] }, { rooms: ["one", "two"] }, { except: ["three"] }];
      const argument = (n) => (n % 3 === 0 ? [n, Buffer.from([n % 256])] : [n]);
      await Promise.all(numbers(300).map((n) => s.actor.emit(targets[n % 4], "number", ...argument(n))));
      await s.fence(s.actor);
      for (const peer of s.peers) assert.deepEqual(peer.received("number").map(([n]) => n), numbers(300), peer.name);
    },
  },
  {
    name: "broadcasts of all servers at once arrive in the order of each",
    async run(s) {
      const { nodes } = s.cluster;
      await Promise.all(nodes.flatMap((node) => numbers(300).map((n) => node.emit({}, node.name, n))));
      for (const node of nodes) await s.fence(node);
      for (const peer of s.peers) {
        for (const { name } of nodes) assert.deepEqual(peer.received(name).flat(), numbers(300), `${peer.name}, ${name}`);
      }
    },
  },
];

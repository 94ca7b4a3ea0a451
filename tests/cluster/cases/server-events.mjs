import assert from "node:assert/strict";
import { ODD_JSON } from "./values.mjs";

/** Sends a server event; asserts that each of `nodes` receives it once, and the other servers do not. */
export async function serverEvent(s, by, nodes, nsp, args) {
  const mark = `server event ${s.number} ${Math.random()}`;
  const last = `last ${mark}`;
  await by.call("serverSideEmit", { nsp, event: "news", args: [mark, ...args] });
  await by.call("serverSideEmit", { nsp, event: "news", args: [last] });
  for (const node of nodes) {
    assert.deepEqual(await node.serverEvent(nsp, "news", ([first]) => first === mark), [mark, ...args]);
    await node.serverEvent(nsp, "news", ([first]) => first === last);
  }
  await s.fence(by);
  for (const node of s.cluster.nodes) {
    assert.deepEqual(node.serverEvents().filter(({ args }) => args[0] === mark || args[0] === last), [], node.name);
  }
}

/** Sends the server event `load?`, which the server named `silent` does not ack. */
const ask = (s, silent, nsp = "/") => s.actor.call("serverSideEmitWithAck", { nsp, event: "load?", args: [silent] });

const names = (nodes) => nodes.map(({ name }) => name).sort();

export const serverEvents = [
  {
    name: "serverSideEmit reaches the other servers",
    async run(s) {
      await serverEvent(s, s.actor, s.others, "/", ["hello", 1]);
      await serverEvent(s, s.actor, s.others, "/", []);
    },
  },
  {
    name: "serverSideEmit in another namespace",
    run: (s) => serverEvent(s, s.actor, s.others, "/chat", ["hello"]),
  },
  {
    name: "serverSideEmit with odd JSON",
    run: (s) => serverEvent(s, s.actor, s.others, "/", ODD_JSON),
  },
  {
    name: "serverSideEmit keeps the order",
    async run(s) {
      const numbers = Array.from({ length: 100 }, (_, i) => i);
      const mark = `ordered ${s.number} ${Math.random()}`;
      await Promise.all(numbers.map((n) => s.actor.call("serverSideEmit", { event: "news", args: [mark, n] })));
      for (const node of s.others) {
        const received = [];
        for (const _ of numbers) received.push((await node.serverEvent("/", "news", ([first]) => first === mark))[1]);
        assert.deepEqual(received, numbers, node.name);
      }
    },
  },
  {
    name: "serverSideEmitWithAck",
    async run(s) {
      assert.deepEqual((await ask(s, "none")).sort(), names(s.others));
      assert.deepEqual((await ask(s, "none", "/chat")).sort(), names(s.others));
    },
  },
  {
    name: "serverSideEmitWithAck without the ack of one server",
    async run(s) {
      const error = await ask(s, s.others[0].name).then(() => assert.fail("there was no error"), (error) => error);
      assert.deepEqual(error.acks, names(s.others.slice(1)), error.message);
    },
  },
  {
    name: "serverSideEmitWithAck without a listener",
    async run(s) {
      const asked = s.actor.call("serverSideEmitWithAck", { event: "unknown?", args: [] });
      const error = await asked.then(() => assert.fail("there was no error"), (error) => error);
      assert.deepEqual(error.acks, [], error.message);
    },
  },
];

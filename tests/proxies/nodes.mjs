// What a cookie that names the node must do. Each check gets `{ url, nodes }` and throws; the nodes can be killed.
import assert from "node:assert/strict";
import { once } from "node:events";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { Browser } from "./browser.mjs";
import { within } from "./client.mjs";

const COOKIE = "io_node";
const POLLING = { transports: ["polling"] };
const WEBSOCKET = { transports: ["websocket"] };
const UPGRADE = {};

/** The longest time for a client to come back, with its own delay of up to 1.5 s before an attempt. */
const BACK_MS = 6000;

/** The longest time for a node to be used again: nginx waits for 10 s. */
const EVENTUALLY_MS = 20_000;

export const NODE_CHECKS = {
  "clients that poll are on both nodes, and stay": (at) => spread(at, POLLING),
  "clients that upgrade are on both nodes": (at) => spread(at, UPGRADE),
  "clients with WebSocket alone are on both nodes, without a cookie": (at) => spread(at, WEBSOCKET),
  "a browser returns to its node": returns,
  "a name that is unknown": unknown,
  "two tabs that begin at once end on one node": tabs,
  "a node is killed": killed,
  "a node that responds with 503": full,
};

/** Each in a browser of its own. */
async function spread({ url, nodes }, options) {
  const sockets = [];
  try {
    for (let i = 0; i < 8; i += 1) {
      const browser = new Browser();
      const socket = await browser.connect(url, options);
      sockets.push(socket);
      if (options === UPGRADE) await within(socket.upgraded, "the upgrade");
      socket.first = await socket.node();
      assert.equal(browser.cookies.get(COOKIE), options === WEBSOCKET ? undefined : socket.first);
    }
    for (let i = 0; i < 5; i += 1) {
      for (const socket of sockets) assert.equal(await socket.node(), socket.first);
    }
    const counts = nodes.map(({ name }) => sockets.filter(({ first }) => first === name).length);
    assert.ok(Math.min(...counts) >= 2, `${counts} clients`);
  } finally {
    sockets.forEach((socket) => socket.close());
  }
}

async function returns({ url, nodes }) {
  for (const { name } of nodes) {
    const browser = new Browser({ [COOKIE]: name });
    for (const options of [POLLING, UPGRADE, WEBSOCKET, POLLING, UPGRADE, WEBSOCKET]) {
      await use(browser, url, options, async (socket) => {
        if (options === UPGRADE) await within(socket.upgraded, "the upgrade");
        assert.equal(await socket.node(), name);
      });
    }
    assert.equal(browser.cookies.get(COOKIE), name);
  }
}

async function unknown({ url, nodes }) {
  const browser = new Browser({ [COOKIE]: "node-z" });
  await use(browser, url, POLLING, async (socket) => {
    const node = await socket.node();
    assert.ok(nodes.some(({ name }) => name === node), node);
    assert.equal(browser.cookies.get(COOKIE), node);
  });
}

/** The cookie of one replaces that of the other. */
async function tabs({ url }) {
  for (let round = 0; round < 4; round += 1) {
    const browser = new Browser();
    const sockets = await Promise.all([POLLING, POLLING].map((options) => browser.connect(url, { ...options, reconnection: true })));
    try {
      await eventually(async () => {
        const on = await Promise.all(sockets.map((socket) => socket.node()));
        assert.deepEqual(on, [on[0], on[0]]);
        assert.equal(browser.cookies.get(COOKIE), on[0]);
      });
    } finally {
      sockets.forEach((socket) => socket.close());
    }
  }
}

/** Its clients move to the other node and stay there; new ones return to it when it is back. */
async function killed({ url, nodes: [lost, other] }) {
  const clients = [];
  try {
    for (const options of [POLLING, POLLING, UPGRADE, WEBSOCKET]) {
      const browser = new Browser({ [COOKIE]: lost.name });
      const socket = await browser.connect(url, { ...options, reconnection: true });
      clients.push({ browser, socket, options });
      if (options === UPGRADE) await within(socket.upgraded, "the upgrade");
      assert.equal(await socket.node(), lost.name);
    }
    const back = clients.map(({ socket }) => once(socket, "connect"));
    const start = Date.now();
    await lost.kill();
    await within(Promise.all(back), "the clients on another node");
    assert.ok(Date.now() - start < BACK_MS, `${Date.now() - start} ms until the clients were back`);
    for (const { browser, socket, options } of clients) {
      assert.equal(await socket.node(), other.name);
      // A session that is opened by WebSocket sets none.
      assert.equal(browser.cookies.get(COOKIE), options === WEBSOCKET ? lost.name : other.name);
    }
    for (const options of [POLLING, WEBSOCKET, UPGRADE]) {
      const start = Date.now();
      await use(new Browser({ [COOKIE]: lost.name }), url, options, async (socket) => assert.equal(await socket.node(), other.name));
      await use(new Browser(), url, options, async (socket) => assert.equal(await socket.node(), other.name));
      assert.ok(Date.now() - start < BACK_MS, `${Date.now() - start} ms for new clients`);
    }

    const moved = clients.map(({ socket }) => once(socket, "disconnect"));
    await lost.start();
    await eventually(() =>
      use(new Browser({ [COOKIE]: lost.name }), url, POLLING, async (socket) => assert.equal(await socket.node(), lost.name)));
    await eventually(() => spread({ url, nodes: [lost, other] }, POLLING));
    assert.equal(await Promise.race([delay(100, "no client has moved"), ...moved]), "no client has moved");
  } finally {
    clients.forEach(({ socket }) => socket.close());
  }
}

/** Its new clients get the other node; the clients that it has stay. */
async function full({ url, nodes: [node, other] }) {
  await node.kill();
  await node.start({ MAX_SESSIONS: "2" });
  const sockets = [];
  try {
    await eventually(async () => {
      const socket = await new Browser({ [COOKIE]: node.name }).connect(url, POLLING);
      if ((await socket.node()) !== node.name) {
        socket.close();
        assert.fail("the node is not back");
      }
      sockets.push(socket);
    });
    const upgraded = await new Browser({ [COOKIE]: node.name }).connect(url, UPGRADE);
    sockets.push(upgraded);
    await within(upgraded.upgraded, "the upgrade");
    const left = sockets.map((socket) => once(socket, "disconnect"));

    for (let i = 0; i < 3; i += 1) {
      for (const cookies of [{ [COOKIE]: node.name }, {}]) {
        for (const options of [POLLING, WEBSOCKET, UPGRADE]) {
          const browser = new Browser(cookies);
          await use(browser, url, options, async (socket) => {
            assert.equal(await socket.node(), other.name);
            if (options !== WEBSOCKET) assert.equal(browser.cookies.get(COOKIE), other.name);
          });
          for (const socket of sockets) assert.equal(await socket.node(), node.name);
        }
      }
    }
    assert.equal(await Promise.race([delay(100, "no client has left"), ...left]), "no client has left");
  } finally {
    sockets.forEach((socket) => socket.close());
  }
}

/** A POST whose node breaks off, or responds with 503, reaches one node, once. `posts` counts those of each node. */
export async function sendsOnce({ url }, posts) {
  const request = async (method, path, body) => {
    const headers = { host: "example.com", cookie: `${COOKIE}=node-a` };
    const options = { method, headers, agent: false, rejectUnauthorized: false, servername: "example.com" };
    const [answer] = await within(once(https.request(new URL(path, url), options).end(body), "response"), "a response");
    return { status: answer.statusCode, text: (await answer.toArray()).join("") };
  };
  await eventually(async () => assert.deepEqual(await request("GET", "/socket.io/"), { status: 200, text: "0" }));
  for (const path of ["/socket.io/?break", "/socket.io/?unavailable"]) {
    const { status } = await request("POST", path, "4hello");
    assert.ok(status >= 500, `status ${status}`);
  }
  assert.deepEqual(posts, [2, 0]);
}

async function use(browser, url, options, run) {
  const socket = await browser.connect(url, options);
  try {
    await run(socket);
  } finally {
    socket.close();
  }
}

/** Repeats it until it does not throw. */
async function eventually(run) {
  const deadline = Date.now() + EVENTUALLY_MS;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

import assert from "node:assert/strict";
import { Peer } from "./peer.mjs";
import { Process } from "./process.mjs";
import { until } from "./until.mjs";
import { toJson } from "./values.mjs";

const TRANSPORTS = ["websocket", "polling"];
const NAMES = "abc";

/** Three servers that share a Redis server, and an emitter beside them. The first server acts. */
export class Cluster {
  /** Starts servers: the kinds are letters, each with a command in `commands`. */
  static async start(kinds, commands, redis) {
    const cluster = new Cluster();
    Object.assign(cluster, { kinds, redis });
    cluster.emitter = new Process("emitter", commands.emitter, redis);
    cluster.nodes = [...kinds].map((kind, index) => new Process(NAMES[index], commands[kind], redis));
    try {
      await Promise.all(cluster.#processes.map((process) => process.ready()));
      for (const nsp of ["/", "/chat"]) await redis.members(nsp, cluster.nodes.length);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get #processes() {
    return [this.emitter, ...this.nodes];
  }

  get actor() {
    return this.nodes[0];
  }

  get others() {
    return this.nodes.slice(1);
  }

  /** The reason why the cluster cannot be used any more, if there is one. */
  get exited() {
    return this.#processes.map(({ exited }) => exited).find(Boolean);
  }

  async stop() {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }
}

/** What one case works with: a cluster, and two new clients of each server. */
export class Stage {
  static #next = 1;

  #connections = [];

  constructor(cluster) {
    this.cluster = cluster;
    this.number = Stage.#next++;
  }

  get actor() {
    return this.cluster.actor;
  }

  get emitter() {
    return this.cluster.emitter;
  }

  get others() {
    return this.cluster.others;
  }

  /** Connects the clients. */
  async open() {
    this.#connections = this.cluster.nodes.flatMap((node) => TRANSPORTS.map((transport) => Peer.connect(node, transport)));
    this.peers = await Promise.all(this.#connections);
  }

  /** Returns the clients of these servers. */
  peersOf(nodes, peers = this.peers) {
    return peers.filter(({ node }) => nodes.includes(node));
  }

  /** Connects clients to another namespace, and waits until their servers take part in it. */
  async of(nsp, peers = this.peers) {
    const joined = await Promise.all(peers.map((peer) => peer.of(nsp)));
    if (nsp !== "/chat") await this.cluster.redis.members(nsp, new Set(peers.map(({ node }) => node)).size);
    return joined;
  }

  /** Makes clients join a room. */
  async join(room, ...peers) {
    await Promise.all(peers.map((peer) => peer.call("join", room)));
  }

  /** Waits until everything that a process has sent to these clients has arrived: they receive a last event. */
  async fence(process, peers = this.peers, nsp = "/") {
    const mark = `${process.name}-${this.number}-${Math.random()}`;
    await process.emit({ nsp }, "fence", mark);
    await Promise.all(peers.map((peer) => peer.arrival("fence", (value) => value === mark)));
  }

  /** Asserts that clients have received an event exactly once, and the other ones have not. */
  received(event, args, expected, peers = this.peers) {
    for (const peer of peers) {
      const wanted = expected.includes(peer) ? [toJson(args)] : [];
      assert.deepEqual(peer.received(event), wanted, `${peer.name}: ${event}`);
    }
  }

  /** Emits from a process, and asserts that these clients alone receive the event, once. */
  async emits({ by = this.actor, nsp = "/", peers = this.peers, ...target }, event, args, expected) {
    await by.emit({ nsp, ...target }, event, ...args);
    await this.fence(by, peers, nsp);
    this.received(event, args, expected, peers);
  }

  /** Closes the clients, and waits until no server has sockets. */
  async close() {
    for (const { value } of await Promise.allSettled(this.#connections)) value?.close();
    for (const node of this.cluster.nodes) {
      if (node.exited) continue;
      const remaining = async () => (await node.call("fetchSockets", { flags: { local: true } })).length;
      await until(`the sockets of ${node.name} leave`, async () => (await remaining()) === 0);
    }
  }
}

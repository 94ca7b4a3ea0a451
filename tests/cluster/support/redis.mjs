import { spawn } from "node:child_process";
import { once } from "node:events";
import { createClient } from "redis";
import { freePort } from "../../e2e/support/port.mjs";
import { until } from "./until.mjs";

/** A Redis server without persistence, and a connection to it. */
export class Redis {
  /** Starts the server that REDIS_SERVER names, or that of PATH, on a free port; or connects to the one of a URL. */
  static async start(url) {
    const redis = new Redis();
    if (url === undefined) {
      const port = await freePort();
      const options = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--appendonly", "no"];
      redis.child = spawn(process.env.REDIS_SERVER || "redis-server", options, { stdio: ["ignore", "ignore", "inherit"] });
      process.on("exit", () => redis.child.kill("SIGKILL"));
      await once(redis.child, "spawn").catch(({ message }) => {
        throw new Error(`redis-server is missing: ${message}`);
      });
      url = `redis://127.0.0.1:${port}`;
    }
    redis.url = url;
    redis.client = createClient({ url, socket: { reconnectStrategy: (retries) => (retries < 100 ? 20 : false) } });
    redis.client.on("error", () => {});
    await redis.client.connect();
    return redis;
  }

  /** Waits until this number of servers takes part in a namespace. */
  async members(nsp, count) {
    const channel = `socket.io-request#${nsp}#`;
    const members = async () => Number((await this.client.sendCommand(["PUBSUB", "NUMSUB", channel]))[1]);
    await until(`${count} servers in ${nsp}`, async () => (await members()) === count);
  }

  async stop() {
    await this.client.close();
    this.child?.kill("SIGKILL");
  }
}

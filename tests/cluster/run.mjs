// Runs the cases against clusters of different servers. README.md has the usage.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { within } from "../e2e/support/deadline.mjs";
import { acks } from "./cases/acks.mjs";
import { broadcasts } from "./cases/broadcasts.mjs";
import { emitter } from "./cases/emitter.mjs";
import { order } from "./cases/order.mjs";
import { serverEvents } from "./cases/server-events.mjs";
import { sockets } from "./cases/sockets.mjs";
import { Cluster, Stage } from "./support/cluster.mjs";
import { Redis } from "./support/redis.mjs";

const CASE_DEADLINE_MS = 20_000;
const CASES = [...broadcasts, ...acks, ...sockets, ...serverEvents, ...order, ...emitter];
const here = fileURLToPath(new URL(".", import.meta.url));

async function main() {
  const { values } = parseArgs({
    options: {
      clusters: { type: "string", default: "NNN" },
      rust: { type: "string" },
      emitter: { type: "string" },
      redis: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      repeat: { type: "string", default: "1" },
    },
  });
  const clusters = values.clusters.split(",");
  const wrong = clusters.some((kinds) => !/^[NR]{3}$/.test(kinds) || (kinds.includes("R") && !values.rust));
  const cases = CASES.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)));
  if (wrong || cases.length === 0 || !(values.repeat > 0)) {
    console.error("usage: node run.mjs [--clusters NNN,RRN…] [--rust PROGRAM] [--emitter PROGRAM] [--redis URL] [--only TEXT]… [--repeat N]");
    return 2;
  }
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
  const node = (script) => [process.execPath, `${here}${script}`];
  const commands = { N: node("node.mjs"), R: [values.rust], emitter: values.emitter ? [values.emitter] : node("emitter.mjs") };
  const redis = await Redis.start(values.redis);
  const results = [];
  for (const kinds of clusters) results.push(await runCluster(kinds, commands, redis, cases, Number(values.repeat)));
  await redis.stop();
  return print(clusters, cases, results);
}

/** Runs all cases against one cluster; returns the result of each: `{ skipped, passed, failed }`. */
async function runCluster(kinds, commands, redis, cases, repeat) {
  const start = Date.now();
  const results = cases.map(({ skip }) => ({ skipped: skip?.(kinds), passed: 0, failed: 0 }));
  let cluster;
  let broken;
  for (let round = 1; round <= repeat; round++) {
    for (const [index, item] of cases.entries()) {
      if (results[index].skipped) continue;
      try {
        if (broken) throw broken;
        // A server that has ended in one case does not fail the others.
        if (cluster === undefined || cluster.exited) {
          await cluster?.stop();
          cluster = await Cluster.start(kinds, commands, redis).catch((error) => {
            throw (broken = error);
          });
        }
        await runCase(item, cluster);
        results[index].passed += 1;
      } catch (error) {
        results[index].failed += 1;
        console.log(`FAILED: ${kinds}, round ${round}: ${item.name}: ${error.message}`);
      }
    }
  }
  await cluster?.stop();
  const total = (key) => results.reduce((sum, result) => sum + Number(Boolean(result[key])), 0);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${kinds}: ${cases.length - total("failed") - total("skipped")} passed, ${total("failed")} failed, ${total("skipped")} skipped (${seconds} s)`);
  return results;
}

async function runCase({ name, run }, cluster) {
  const stage = new Stage(cluster);
  try {
    await within(stage.open().then(() => run(stage)), name, CASE_DEADLINE_MS);
    if (cluster.exited) throw new Error(cluster.exited);
  } finally {
    await stage.close();
  }
}

/** Prints the table; returns the exit code. */
function print(clusters, cases, results) {
  const cell = ({ skipped, passed, failed }) => {
    if (skipped) return "-";
    return failed === 0 ? "ok" : `FAILED${passed > 0 ? ` ${failed}/${failed + passed}` : ""}`;
  };
  const rows = [["", ...clusters], ...cases.map(({ name }, i) => [name, ...results.map((result) => cell(result[i]))])];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log();
  for (const row of rows) console.log(row.map((text, column) => text.padEnd(widths[column])).join("  ").trimEnd());
  const skipped = results.flatMap((result, column) =>
    cases.flatMap(({ name }, i) => (result[i].skipped ? [`skipped: ${clusters[column]}: ${name}: ${result[i].skipped}`] : [])));
  if (skipped.length > 0) console.log(`\n${skipped.join("\n")}`);
  const failed = results.flat().filter((result) => result.failed > 0).length;
  console.log(`\ncases: ${results.flat().length - failed - skipped.length} passed, ${failed} failed, ${skipped.length} skipped`);
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);

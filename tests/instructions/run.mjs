// Counts the instructions of the hot paths under callgrind and compares them with figures.json.
//
//   node tests/instructions/run.mjs            fails if a path has grown by more than a few per cent
//   node tests/instructions/run.mjs --accept   writes the counts to figures.json
//
// Needs valgrind. The runner of gungraun is installed into the target folder, in the version that Cargo.lock names
// for its library; GUNGRAUN_RUNNER overrides it.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { HEADING, TOLERANCE, compare, describe, isFault } from "./figures.mjs";

const FILE = fileURLToPath(new URL("figures.json", import.meta.url));
const WORKSPACE = fileURLToPath(new URL("../..", import.meta.url));
const ACCEPT = "node tests/instructions/run.mjs --accept";

function main() {
  const [mode, ...rest] = process.argv.slice(2);
  const accept = mode === "--accept";
  if (rest.length > 0 || (mode && !accept)) giveUp("usage: node tests/instructions/run.mjs [--accept]");
  if (spawnSync("valgrind", ["--version"]).status !== 0) giveUp("valgrind is missing: install it");
  const toolchain = output("rustc", ["--version"]).trim();
  const measured = measure(runner());
  if (accept) {
    writeFileSync(FILE, JSON.stringify({ toolchain, instructions: measured }, null, 2) + "\n");
    console.log(`${Object.keys(measured).length} figures written to ${path.relative(process.cwd(), FILE)}`);
    return;
  }

  const figures = JSON.parse(readFileSync(FILE, "utf8"));
  const lines = compare(figures.instructions, measured);
  console.log(HEADING);
  for (const line of lines) console.log(describe(line));

  const faults = lines.filter(isFault);
  for (const { path, before, after, percent, verdict } of faults) {
    if (verdict === "grown") {
      console.log(`\n${path} costs ${after} instructions, not ${before}: ${percent.toFixed(2)} % more, ${TOLERANCE} % are allowed.`);
    } else {
      console.log(`\n${path} is ${verdict}: ${verdict === "new" ? "it has no figure" : "there is no such benchmark"}.`);
    }
  }
  if (faults.length > 0 && figures.toolchain !== toolchain) {
    console.log(`The figures were counted with ${figures.toolchain}; this is ${toolchain}.`);
  }
  if (faults.length > 0) {
    console.log(`If that is how it should be, accept it with\n\n  ${ACCEPT}\n`);
    process.exitCode = 1;
  } else if (lines.some(({ verdict }) => verdict === "fallen")) {
    console.log(`\nSome paths cost much less than their figures say: keep the gain with\n\n  ${ACCEPT}\n`);
  }
}

/** Returns the number of instructions of each path. */
function measure(runner) {
  const args = ["bench", "--package", "socketio-instructions", "--", "--output-format=json"];
  const lines = output("cargo", args, { GUNGRAUN_RUNNER: runner });
  const summaries = lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  if (summaries.length === 0) giveUp("nothing was counted");
  return Object.fromEntries(
    summaries.map((summary) => {
      const callgrind = summary.profiles.find(({ tool }) => tool === "Callgrind");
      const count = callgrind.data.total.metrics.Ir.values.new;
      return [`${summary.function_name} ${summary.id}`, count];
    }),
  );
}

/** Returns the path of the program that runs the benchmarks. */
function runner() {
  if (process.env.GUNGRAUN_RUNNER) return process.env.GUNGRAUN_RUNNER;
  const metadata = JSON.parse(output("cargo", ["metadata", "--format-version", "1"]));
  const { version } = metadata.packages.find(({ name }) => name === "gungraun");
  const folder = path.join(metadata.target_directory, `gungraun-runner-${version}`);
  const program = path.join(folder, "bin", "gungraun-runner");
  if (!existsSync(program)) {
    console.log(`${folder}: cargo install gungraun-runner`);
    const build = path.join(folder, "build");
    // The runner does little; optimised, it takes minutes to build.
    output("cargo", ["install", "gungraun-runner", "--version", version, "--locked", "--debug", "--root", folder, "--target-dir", build]);
    rmSync(build, { recursive: true });
  }
  return program;
}

/** Returns the output of a command, and passes its progress through. */
function output(command, args, environment = {}) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: WORKSPACE,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) giveUp(`${command} ${args[0]} failed${error ? `: ${error.message}` : ""}`);
  return stdout;
}

function giveUp(why) {
  console.error(`tests/instructions: ${why}`);
  process.exit(1);
}

main();

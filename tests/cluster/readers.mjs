// Checks that the readers of Node's adapters decode messages to the expected values.
//
// Each line of standard input is `{"hex":"93…","json":[…]}`: a message in msgpack, and its value, with binary as
// `{"$binary":"base64"}`. Exits with 1 if there is a difference, or no message.
import { createInterface } from "node:readline";
import { decode } from "@msgpack/msgpack";
import notepack from "notepack.io";
import { toJson } from "./support/values.mjs";

const READERS = { "notepack.io": notepack.decode, "@msgpack/msgpack": decode };
const MOST_DIFFERENCES = 5;

let messages = 0;
let differences = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "") continue;
  const { hex, json } = JSON.parse(line);
  messages += 1;
  const expected = JSON.stringify(json);
  for (const [name, read] of Object.entries(READERS)) {
    const decoded = attempt(() => JSON.stringify(toJson(read(Buffer.from(hex, "hex")))));
    if (decoded !== expected && differences++ < MOST_DIFFERENCES) {
      console.log(`${name} reads ${hex}\n  as         ${decoded}\n  instead of ${expected}`);
    }
  }
}
console.log(`messages: ${messages}, differences: ${differences}`);
process.exitCode = messages === 0 || differences > 0 ? 1 : 0;

function attempt(read) {
  try {
    return read();
  } catch (error) {
    return `an error: ${error.message}`;
  }
}

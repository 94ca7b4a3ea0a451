// The side of the control protocol that executes commands.
import { createInterface } from "node:readline";
import { fromJson, toJson } from "./values.mjs";

/** Writes one line of the protocol. */
export function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Executes the commands from standard input; ends the process with the input, or after the command `stop`. A command's function
 * returns its result, or throws an error that may have `acks`. What it does before it first waits is done in order.
 */
export async function execute(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, do: name, ...command } = JSON.parse(line);
    const executed = answer(id, async () => {
      if (commands[name] === undefined) throw new Error(`unknown command: ${name}`);
      return commands[name](fromJson(command));
    });
    if (name === "stop") {
      await executed;
      break;
    }
  }
  process.exit(0);
}

async function answer(id, run) {
  try {
    tell({ id, result: toJson((await run()) ?? null) });
  } catch (error) {
    tell({ id, error: error.message, ...(error.acks && { acks: toJson(error.acks) }) });
  }
}

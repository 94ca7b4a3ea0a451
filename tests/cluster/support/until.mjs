import { setTimeout as delay } from "node:timers/promises";
import { DEADLINE_MS } from "../../e2e/support/deadline.mjs";

/** Waits until a condition, which is tested again and again, holds. */
export async function until(what, holds) {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
    await delay(5);
  }
}

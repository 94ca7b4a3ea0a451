/** The time a test waits for something that should happen at once, in milliseconds. */
export const DEADLINE_MS = 5_000;

/** Settles like `promise`, or fails with the name of the missing event. */
export function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const expiry = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, expiry]).finally(() => clearTimeout(timer));
}

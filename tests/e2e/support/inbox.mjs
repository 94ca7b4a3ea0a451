import { within } from "./deadline.mjs";

/** The items that have arrived and were not taken yet, so that a test cannot miss an early one. */
export class Inbox {
  #arrived = [];
  #waiting = [];

  push(item) {
    const index = this.#waiting.findIndex(({ matches }) => matches(item));
    if (index === -1) {
      this.#arrived.push(item);
    } else {
      this.#waiting.splice(index, 1)[0].resolve(item);
    }
  }

  /** Removes and returns the first item that matches; waits for it if necessary. */
  take(matches, what, ms) {
    const index = this.#arrived.findIndex(matches);
    if (index !== -1) return Promise.resolve(this.#arrived.splice(index, 1)[0]);
    const waiter = { matches };
    const arrival = new Promise((resolve) => (waiter.resolve = resolve));
    this.#waiting.push(waiter);
    return within(arrival, what, ms).finally(() => {
      const at = this.#waiting.indexOf(waiter);
      if (at !== -1) this.#waiting.splice(at, 1);
    });
  }

  /** Returns the items that match, without removing them. */
  peek(matches) {
    return this.#arrived.filter(matches);
  }
}

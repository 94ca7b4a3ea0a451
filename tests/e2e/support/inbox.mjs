import { within } from "./deadline.mjs";

/** What has arrived and was not asked for yet; so a test cannot miss what came before it looked. */
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

  /** Takes the first item that matches, waiting for it if need be. */
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

  /** The items that match, without taking them. */
  peek(matches) {
    return this.#arrived.filter(matches);
  }
}

import { randomUUID } from "node:crypto";

/** The server under test, and a second one with a ping interval of 300 ms and a ping timeout of 200 ms. */
export const SERVER_URL = required("SERVER_URL");
export const SERVER_URL_FAST = required("SERVER_URL_FAST");
export const FAST = { pingInterval: 300, pingTimeout: 200 };

/** Returns the test options for an intended difference from the Node server; `node` describes Node's behaviour. */
export function ours(node) {
  return { skip: process.env.REFERENCE ? `Node: ${node}` : false };
}

/** Returns a name that no other test uses. */
export function unique(name) {
  return `${name}-${randomUUID()}`;
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the suite through run.mjs`);
  return value;
}

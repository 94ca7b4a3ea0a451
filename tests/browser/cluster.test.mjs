// The cluster example in Chromium: three browsers on three nodes. CLUSTER names the program; needs `npm ci` in examples/cluster.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Program } from "../../examples/cluster/program.mjs";

const { CLUSTER, CHROMIUM = "/usr/bin/chromium" } = process.env;
const ARTIFACTS = fileURLToPath(new URL("../artifacts", import.meta.url));
const NODES = ["node-a", "node-b", "node-c"];
const WAIT = 15_000;

let browser;
let program;
let pages = [];

before(async () => {
  assert.ok(CLUSTER, "CLUSTER is not set: CLUSTER=target/debug/cluster node --test tests/browser/cluster.test.mjs");
  mkdirSync(ARTIFACTS, { recursive: true });
  program = await Program.start(CLUSTER, "nginx");
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] });
});

after(async () => {
  await browser?.close();
  if (program) assert.deepEqual(await program.end(), { status: 0, left: [] });
});

afterEach(async () => {
  const faults = pages.flatMap(({ faults }) => faults);
  await Promise.all(pages.map(({ page }) => page.context().close()));
  pages = [];
  assert.deepEqual(faults, [], "the page threw");
});

/** A browser with cookies of its own. With `wanted`, it has the cookie of a node, as if it had been there before. */
async function open(name, { wanted, transports } = {}) {
  const context = await browser.newContext({ viewport: { width: 900, height: 640 }, locale: "en-GB" });
  context.setDefaultTimeout(WAIT);
  if (wanted) await context.addCookies([{ name: "io_node", value: wanted, url: program.url }]);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  pages.push({ page, faults });
  const query = new URLSearchParams({ name, ...(transports && { transports }) });
  await page.goto(`${program.url}/?${query}`);
  return { name, page, node: await node(page) };
}

/** One person on each node. */
async function threePeople(names, transports) {
  const people = await Promise.all(names.map((name, index) => open(name, { wanted: NODES[index], transports })));
  assert.deepEqual(people.map(({ node }) => node), NODES);
  return people;
}

const state = (page, pattern) => page.locator("#state").filter({ hasText: pattern }).waitFor();
async function node(page) {
  await state(page, /^on node-/);
  return page.locator("#state").getAttribute("data-node");
}
const isShown = (page, { name, node }) => page.locator(`.node[data-node="${node}"] li`, { hasText: new RegExp(`^${name}$`) }).waitFor();
const isGone = (page, { name, node }) => page.locator(`.node[data-node="${node}"] li`, { hasText: new RegExp(`^${name}$`) }).waitFor({ state: "detached" });
const hears = (page, text) => page.locator("#messages li", { hasText: text }).waitFor();

async function say({ page }, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

// Each test has people of its own: one who polls, and has no request at the moment of leaving, is there until the ping timeout.

async function seeEachOther(people) {
  for (const { page } of people) for (const person of people) await isShown(page, person);
}

async function talk(people) {
  for (const person of people) {
    const text = `${person.name} says ${Math.random()}`;
    await say(person, text);
    for (const { page } of people) await hears(page, text);
  }
}

test("people on three nodes see and hear each other", async () => {
  const people = await threePeople(["ada", "ben", "cleo"]);
  await seeEachOther(people);
  await talk(people);
  for (const { page } of people) await state(page, /by websocket$/);
  await people[0].page.screenshot({ path: `${ARTIFACTS}/cluster.png` });

  const left = people.pop();
  await left.page.close();
  for (const { page } of people) await isGone(page, left);
});

test("the buttons choose the transport, and the node stays", async () => {
  const person = await open("dora");
  await state(person.page, /by websocket$/);
  for (const [button, transport] of [["polling only", "polling"], ["WebSocket only", "websocket"], ["polling, then WebSocket", "websocket"]]) {
    await person.page.getByRole("button", { name: button, exact: true }).click();
    await state(person.page, new RegExp(`^on ${person.node} by ${transport}$`));
    await seeEachOther([person]);
    await talk([person]);
  }
  await person.page.reload();
  assert.equal(await node(person.page), person.node, "a reload keeps the node");
});

for (const killed of ["node-b", "node-c"]) {
  const names = ["eve", "finn", "gus"].map((name) => `${name} ${killed}`);
  test(`the person on ${killed} moves when it is killed, and the others see it`, async () => {
    const people = await threePeople(names, killed === "node-b" ? "polling" : undefined);
    await seeEachOther(people);
    const moved = people.find(({ node }) => node === killed);
    await program.kill(killed);
    await moved.page.locator(`#state:not([data-node="${killed}"]):not([data-node=""])`).waitFor();
    const former = people.map(({ node }) => node);
    for (const { page } of people) await isGone(page, { name: moved.name, node: killed });
    for (const person of people) person.node = await node(person.page);
    for (const [index, person] of people.entries()) {
      if (person !== moved) assert.equal(person.node, former[index], `${person.name} stays`);
    }
    await seeEachOther(people);
    await talk(people);
    if (killed === "node-b") await moved.page.screenshot({ path: `${ARTIFACTS}/cluster-moved.png` });

    await program.start(killed);
    const returned = await open(`hal ${killed}`, { wanted: killed });
    assert.equal(returned.node, killed, "a client whose cookie names it reaches it again");
    await seeEachOther([...people, returned]);
  });
}

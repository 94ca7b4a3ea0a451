// The chat example in Chromium, with the stock client. SERVER_URL names a running server; run.mjs starts one.

import assert from "node:assert/strict";
import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { SERVER_URL, CHROMIUM = "/usr/bin/chromium" } = process.env;
const CLIENT = here("node_modules/socket.io-client/dist/socket.io.min.js");
const CDN = "https://cdn.socket.io/";
const ARTIFACTS = here("../artifacts");
const DESKTOP = { width: 1100, height: 720 };
const PHONE = { width: 390, height: 844 };
const WAIT = 10_000;

let browser;
let pages = [];

before(async () => {
  assert.ok(SERVER_URL, "SERVER_URL is not set: run `node run.mjs --mock` or `node run.mjs -- COMMAND`");
  try {
    accessSync(CHROMIUM, constants.X_OK);
  } catch {
    assert.fail(`no browser at ${CHROMIUM}: install Chromium, or name one in CHROMIUM`);
  }
  mkdirSync(ARTIFACTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(() => browser?.close());

afterEach(async () => {
  const faults = pages.flatMap((page) => page.faults);
  await Promise.all(pages.map((page) => page.context().close()));
  pages = [];
  assert.deepEqual(faults, [], "the page threw");
});

// Each test has people and rooms of its own: a server holds a nickname for as long as it takes to notice that its owner is gone.

/** A person's browser at the nickname form: a context of its own, so that each is drawn, and remembers, for itself. */
async function open({ hash = "", size = DESKTOP, scheme = "light", vendored = true, websocket = true } = {}) {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, locale: "en-GB" });
  context.setDefaultTimeout(WAIT);
  // The public CDN, without the network. The page's integrity check holds: it is the same file.
  await context.route(`${CDN}**`, (route) => route.fulfill({ path: CLIENT, contentType: "text/javascript", headers: { "access-control-allow-origin": "*" } }));
  if (!vendored) await context.route("**/vendor/**", (route) => route.fulfill({ status: 404, body: "" }));
  if (!websocket) await context.routeWebSocket("**", (socket) => socket.close());
  const page = await context.newPage();
  page.faults = [];
  page.cdn = [];
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("response", (response) => { if (response.url().startsWith(CDN)) page.cdn.push(response.status()); });
  pages.push(page);
  await page.goto(`${SERVER_URL}/${hash}`);
  return page;
}

/** A person in a room, upgraded to a WebSocket. */
async function enter(nick, options) {
  const page = await open(options);
  await login(page, nick);
  await sees(page, "#state", "connected");
  await sees(page, "#transport", "websocket");
  return page;
}

async function login(page, nick) {
  await page.getByLabel("Nickname", { exact: true }).fill(nick);
  await page.getByRole("button", { name: "Join" }).click();
}

async function say(page, text) {
  const box = page.getByLabel("Message", { exact: true });
  await box.fill(text);
  await page.locator("#send:enabled").waitFor();
  await box.press("Enter");
}

const sees = (page, selector, text) => page.locator(selector).filter({ hasText: new RegExp(`^\\s*${text}\\s*$`) }).waitFor();
const hears = (page, text) => page.locator("#messages .text", { hasText: text }).waitFor();
const delivered = (page, text) => page.locator("#messages .mine[data-state=sent]", { hasText: text }).waitFor();
const goTo = async (page, room) => {
  await page.locator(`#rooms [data-room="${room}"]`).click();
  await sees(page, "#title", `#${room}`);
};
const texts = (page) => page.locator("#messages .text").allTextContents();
const CONVERSATION = (ada, ben) => [
  [ada, ben, "Is this thing on a socket?"],
  [ben, ada, "It began by polling, and upgraded itself a moment later."],
  [ben, ada, "Look at the badge, top right."],
  [ada, ben, "And the tick?"],
  [ben, ada, "That is the ack: the server's handler returned, and what it returned came back to you."],
  [ada, ben, "Nice. What does the other side run?"],
  [ben, ada, "Rust. One layer around the router:\napp.layer(io.layer())"],
];
const hasPerson = (page, nick) => page.locator("#members .name", { hasText: new RegExp(`^${nick}$`) }).waitFor();
const hasNobody = (page, nick) => page.locator("#members .name", { hasText: new RegExp(`^${nick}$`) }).waitFor({ state: "detached" });

test("two tabs see each other, talk both ways, and see typing", async () => {
  const [ada, ben] = await Promise.all([enter("ada", { hash: "#two" }), enter("ben", { hash: "#two" })]);
  for (const page of [ada, ben]) {
    await hasPerson(page, "ada");
    await hasPerson(page, "ben");
  }

  for (const [from, to, text] of CONVERSATION(ada, ben)) {
    await say(from, text);
    await delivered(from, text);
    await hears(to, text);
  }

  await ada.getByLabel("Message", { exact: true }).pressSequentially("Same here, it");
  await sees(ben, "#typing", "ada is typing");
  await pair(ada, ben, "chat.png");
  await ada.getByLabel("Message", { exact: true }).fill("");
  await sees(ben, "#typing", "");

  await ada.close();
  await hasNobody(ben, "ada");
});

test("the badge goes from polling to websocket", async () => {
  const page = await enter("cleo");
  const timeline = (await page.locator("#timeline li span:last-child").allTextContents()).join("; ");
  assert.match(timeline, /^connecting; open by polling; .*upgraded to websocket/);
  await page.locator("#badge").click();
  await sees(page, "#fact-transport", "websocket");
  await shoot(page, "chat-connection.png");
  await page.keyboard.press("Escape");
  await page.locator("#wire").waitFor({ state: "hidden" });
});

test("rooms are apart, and the address picks the room", async () => {
  const [cal, dee] = await Promise.all([enter("cal", { hash: "#left" }), enter("dee", { hash: "#left" })]);
  await hasPerson(cal, "dee");
  await cal.getByLabel("Open a new room").fill("Right Hand");
  await cal.keyboard.press("Enter");
  await sees(cal, "#title", "#right-hand");
  await hasNobody(dee, "cal");
  assert.equal(new URL(cal.url()).hash, "#right-hand");

  await say(cal, "only on the right");
  await delivered(cal, "only on the right");
  await say(dee, "only on the left");
  await delivered(dee, "only on the left");
  assert.deepEqual(await texts(cal), ["only on the right"]);
  assert.deepEqual(await texts(dee), ["only on the left"]);

  await goTo(dee, "right-hand"); // and the history with it
  await hears(dee, "only on the right");
  await hasPerson(cal, "dee");
  assert.deepEqual(await texts(dee), ["only on the right"]);
});

test("a choice of room that is overtaken by the next one loses", async () => {
  const page = await enter("eli", { hash: "#first" });
  await page.evaluate(() => { // back before the first answer can have come
    location.hash = "second";
    dispatchEvent(new Event("hashchange"));
    location.hash = "first";
    dispatchEvent(new Event("hashchange"));
  });
  await say(page, "still here");
  await delivered(page, "still here");
  const other = await enter("fay", { hash: "#first" });
  await hears(other, "still here");
});

test("a refused nickname is said at the form, and another one gets in", async () => {
  await enter("gil");
  const page = await open();
  await login(page, "Gil");
  await page.getByRole("alert").filter({ hasText: /Gil is already taken/i }).waitFor();
  assert.equal(await page.locator("#nick").getAttribute("aria-invalid"), "true");
  await shoot(page, "chat-refused.png");
  await login(page, "no spaces!");
  await page.getByRole("alert").filter({ hasText: /letters, digits/i }).waitFor();
  await login(page, "eve");
  await sees(page, "#transport", "websocket");
  await hasPerson(page, "gil");
});

test("a refused room leaves everything as it was", async () => {
  const page = await enter("hal", { hash: "#here" });
  await page.evaluate(() => { location.hash = "not%20a%20room"; });
  await page.locator("#notice", { hasText: "1 to 32" }).waitFor();
  assert.equal(new URL(page.url()).hash, "#here");
  await say(page, "still here");
  await delivered(page, "still here");
});

test("what a person writes is never parsed as HTML", async () => {
  const [ida, jon] = await Promise.all([enter("ida", { hash: "#html" }), enter("jon", { hash: "#html" })]);
  const text = "<img src=x onerror=alert(1)> & <b>bold</b>";
  await say(ida, text);
  await hears(jon, "bold");
  assert.deepEqual(await texts(jon), [text]);
});

test("a lost connection comes back to its room, and says why it was lost", async () => {
  const [kim, leo] = await Promise.all([enter("kim", { hash: "#again" }), enter("leo", { hash: "#again" })]);
  await say(leo, "before the fall");
  await hears(kim, "before the fall");
  await kim.route("**/socket.io/**", (route) => route.abort()); // away until we say so
  await kim.locator("#badge").click();
  await kim.getByRole("button", { name: "Drop the connection" }).click();
  await kim.locator("#notice", { hasText: "forced close" }).waitFor();
  await sees(kim, "#state", "reconnecting");
  assert.equal(await kim.locator("#send").isDisabled(), true);
  await shoot(kim, "chat-reconnecting.png");
  await hasNobody(leo, "kim");
  await kim.keyboard.press("Escape");
  await kim.unroute("**/socket.io/**");
  await sees(kim, "#state", "connected");
  await sees(kim, "#transport", "websocket");
  await sees(kim, "#title", "#again");
  await kim.locator("#notice").waitFor({ state: "hidden" });
  await say(leo, "after it");
  await hears(kim, "after it");
  assert.deepEqual(await texts(kim), ["before the fall", "after it"]);
});

test("a nickname that was taken meanwhile is asked for again until it is free", async () => {
  const mia = await enter("mia", { hash: "#first" });
  await mia.route("**/socket.io/**", (route) => route.abort());
  await mia.locator("#badge").click();
  await mia.getByRole("button", { name: "Drop the connection" }).click();
  await sees(mia, "#state", "reconnecting");
  const ned = await enter("ned", { hash: "#first" });
  await hasNobody(ned, "mia");
  const other = await enter("mia", { hash: "#second" });
  await mia.unroute("**/socket.io/**");
  await mia.locator("#notice", { hasText: "still holds your nickname" }).waitFor();
  await other.close();
  await sees(mia, "#transport", "websocket");
  await hasPerson(ned, "mia");
});

test("where a WebSocket cannot pass, polling carries the talk", async () => {
  const ola = await open({ hash: "#polling", websocket: false });
  await login(ola, "ola");
  await ola.locator("#timeline", { hasText: "upgrade failed" }).waitFor({ state: "attached" });
  await sees(ola, "#transport", "polling");
  const pia = await enter("pia", { hash: "#polling" });
  await say(ola, "by polling");
  await delivered(ola, "by polling");
  await hears(pia, "by polling");
  await say(pia, "by websocket");
  await hears(ola, "by websocket");
  await sees(ola, "#transport", "polling");
});

test("a reload keeps the nickname and the room", async () => {
  const page = await enter("quin", { hash: "#kept" });
  await page.reload();
  await sees(page, "#transport", "websocket");
  await sees(page, "#title", "#kept");
  await hasPerson(page, "quin");
});

test("without a local copy the client comes from the CDN", async () => {
  const page = await open({ vendored: false });
  await login(page, "rae");
  await sees(page, "#state", "connected");
  assert.deepEqual(page.cdn, [200]);
});

for (const [scheme, her, him] of [["light", "sam", "tom"], ["dark", "uma", "vic"]]) {
  test(`a phone, ${scheme}: nothing is wider than the screen`, async () => {
    const room = `#phone-${scheme}`;
    const phone = await enter(her, { hash: room, size: PHONE, scheme });
    const desktop = await enter(him, { hash: room, scheme });
    await say(desktop, "Rooms, typing and acks, over one connection.");
    await hears(phone, "Rooms, typing");
    await say(phone, "On a phone, too.");
    await delivered(phone, "On a phone");
    await say(phone, `https://example.org/${"long".repeat(40)}`);
    await hears(desktop, "example.org");
    await desktop.getByLabel("Message", { exact: true }).pressSequentially("Nice");
    await sees(phone, "#typing", `${him} is typing`);
    const [width, viewport] = await phone.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= viewport, `the page is ${width} px wide on a screen of ${viewport}`);
    await shoot(phone, `chat-phone-${scheme}.png`);
    await shoot(desktop, `chat-desktop-${scheme}.png`);
    await phone.locator("#people-toggle").click();
    await hasPerson(phone, him);
    assert.equal(await phone.locator("#people-toggle").getAttribute("aria-expanded"), "true");
    await shoot(phone, `chat-phone-people-${scheme}.png`);
  });
}

/** Two tabs side by side in one picture. */
async function pair(left, right, name) {
  const shots = await Promise.all([left, right].map((page) => shoot(page)));
  const frame = await browser.newPage();
  await frame.setViewportSize({ width: 2 * DESKTOP.width + 72, height: DESKTOP.height + 48 });
  await frame.setContent(`<body style="margin:24px;display:flex;gap:24px;background:#d9d4cb">${shots
    .map((shot) => `<img style="border-radius:12px;box-shadow:0 8px 30px #0003" src="data:image/png;base64,${shot.toString("base64")}">`)
    .join("")}</body>`);
  await shoot(frame, name);
  await frame.close();
}

/** A picture with every transition at its end. */
async function shoot(page, name) {
  await page.bringToFront(); // a page in the background is painted when there is nothing better to do
  return page.screenshot({ timeout: 60_000, animations: "disabled", ...(name && { path: join(ARTIFACTS, name) }) });
}

// The same node as node.rs, on Node.js: node node.mjs NAME PORT REDIS_URL
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [name, port, url] = process.argv.slice(2);
const publisher = createClient({ url });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.on("error", () => {}); // it connects again
await Promise.all([publisher.connect(), subscriber.connect()]);
let isUp = true;
publisher.on("reconnecting", () => {
  if (isUp) console.error(`${name} is not connected to Redis`);
  isUp = false;
});
publisher.on("ready", () => {
  if (!isUp) console.error(`${name} is connected to Redis again`);
  isUp = true;
});

const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/chat.js": ["chat.js", "text/javascript; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
};
const http = createServer(({ url }, response) => {
  const [file, type] = FILES[url.split("?")[0]] ?? [];
  if (!file) return response.writeHead(404).end();
  response.setHeader("content-type", type);
  createReadStream(new URL(`page/${file}`, import.meta.url)).pipe(response);
});

const ROOM = "chat";
const adapter = createAdapter(publisher, subscriber, { requestsTimeout: 1000 });
const io = new Server(http, { adapter });
// Names the node, for the proxy.
io.engine.on("initial_headers", (headers) => {
  headers["set-cookie"] = `io_node=${name}; Path=/; HttpOnly; SameSite=Lax`;
});

const length = (text) => (typeof text === "string" ? [...text].length : 0);

io.use((socket, next) => {
  const person = { name: socket.handshake.auth.name, node: name };
  if (length(person.name) < 1 || length(person.name) > 20) return next(new Error("a name has 1 to 20 characters"));
  socket.data = person; // the other nodes see this with `fetchSockets`
  next();
});
io.on("connection", (socket) => {
  socket.join(ROOM);
  socket.emit("you", socket.data);
  socket.on("say", (text) => {
    if (length(text) >= 1 && length(text) <= 2000) io.to(ROOM).emit("said", socket.data, text);
  });
  socket.on("disconnect", changedHere);
  changedHere();
});
io.on("people changed", changedElsewhere);

let changed = false;
let changedHereToo = false;
let wake = () => {};
function changedHere() {
  io.serverSideEmit("people changed");
  changedHereToo = true;
  changedElsewhere();
}
function changedElsewhere() {
  changed = true;
  wake();
}

/** Sends the list of people to the clients of this node when it changes, not more often than every 100 ms. */
async function showPeople() {
  let shown;
  for (;;) {
    // A Node server that is killed is not reported, so the list is fetched every five seconds as well.
    if (!changed) await Promise.race([new Promise((resolve) => (wake = resolve)), sleep(5000, undefined, { ref: false })]);
    // A client that has just connected needs the list even if it is the same.
    const tell = changedHereToo;
    changed = changedHereToo = false;
    try {
      const people = (await io.in(ROOM).fetchSockets()).map(({ data }) => data);
      const order = ({ name, node }) => `${name}\0${node}`;
      people.sort((a, b) => (order(a) < order(b) ? -1 : 1));
      const list = JSON.stringify(people);
      if (tell || list !== shown) io.local.to(ROOM).emit("people", people);
      shown = list;
    } catch {
      changed = true; // a node has not answered, because it has just ended: once more
      changedHereToo ||= tell;
    }
    await sleep(100);
  }
}
showPeople();

http.listen(Number(port), "127.0.0.1");
process.on("SIGINT", () => {
  io.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 3000); // connections that the proxy keeps open
});

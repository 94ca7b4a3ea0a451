// The same chat as node.rs, on Node: node node.mjs NAME PORT REDIS_URL
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [name, port, url] = process.argv.slice(2);
const publisher = createClient({ url });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.on("error", (error) => console.error(`${name}: ${error.message}`));
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer((_, response) => response.end("ok"));
const io = new Server(http, { serveClient: false, adapter: createAdapter(publisher, subscriber) });
io.engine.on("initial_headers", (headers, request) => {
  if (!request.headers.upgrade) headers["set-cookie"] = `io_node=${name}; Path=/; HttpOnly; SameSite=Lax`;
});

io.on("connection", (socket) => {
  socket.data = { name: String(socket.handshake.auth.name), node: name };
  socket.emit("you", socket.data);
  socket.on("say", (text) => io.emit("said", socket.data, text));
  socket.on("disconnect", showPeople);
  showPeople();
});

/** Sends the list of people to everybody, not more often than every 200 ms. */
function showPeople() {
  showPeople.timer ??= setTimeout(async () => {
    delete showPeople.timer;
    try {
      const people = (await io.fetchSockets()).map(({ data }) => data).filter((data) => data.name);
      people.sort((a, b) => a.name.localeCompare(b.name));
      io.emit("people", people);
    } catch (error) {
      console.error(`${name}: ${error.message}`); // a server has died meanwhile
    }
  }, 200);
}

http.listen(Number(port), "127.0.0.1");
process.on("SIGINT", () => io.close(() => process.exit(0)));

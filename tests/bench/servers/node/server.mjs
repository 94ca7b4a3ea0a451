// The benchmark's server on socket.io and ws, with ws's native part, bufferutil.
// With REDIS_URL, it joins the cluster over that Redis.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const http = createServer((_, response) => response.end("ok"));
const io = new Server(http, { pingInterval: Number(process.env.PING_INTERVAL_MS ?? 25_000), serveClient: false });

if (process.env.REDIS_URL) {
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

io.on("connection", (socket) => {
  socket.on("a", () => {});
  socket.on("echo", (payload) => socket.emit("echo", payload));
  socket.on("ack", (payload, ack) => ack(payload));
  socket.on("bin", (payload) => socket.emit("bin", payload));
  socket.on("bcast", (payload) => io.emit("bcast", payload));
  socket.on("join", (rooms, ack) => {
    socket.join(rooms);
    ack();
  });
  socket.on("leave", (rooms, ack) => {
    rooms.forEach((room) => socket.leave(room));
    ack();
  });
  socket.on("room", (room, payload) => io.to(room).emit("room", payload));
  socket.on("publish", (room, count, payload) => {
    for (let i = 0; i < count; i += 1) io.to(room).emit("room", payload);
    io.emit("done", payload);
  });
  socket.on("fetch", async (ack) => ack((await io.fetchSockets()).length));
});

http.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1", backlog: 4096 });

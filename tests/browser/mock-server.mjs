// The chat server of the contract in examples/chat/page/chat.js, on the reference implementation: what the browser test is checked against.
// PORT (3000 by default).

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";

const HISTORY = 50;
const KEPT = ["lobby", "rust", "coffee"];
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8" };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const page = here("../../examples/chat/page");
const vendor = here("node_modules/socket.io-client/dist");

const http = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  const name = path === "/" ? "index.html" : path.slice(path.lastIndexOf("/") + 1);
  const file = join(path.startsWith("/vendor/") ? vendor : page, name);
  if (name === "" || !existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});

const chat = new Server(http, { serveClient: false }).of("/chat");
const rooms = new Map(KEPT.map((name) => [name, { members: new Set(), history: [] }]));
const nicks = new Set(); // in lower case

const isNick = (nick) => typeof nick === "string" && /^[\p{L}\p{N}._-]{1,20}$/u.test(nick);
const isRoom = (room) => typeof room === "string" && /^[\p{L}\p{N}_-]{1,32}$/u.test(room);
const list = () => [...rooms].map(([name, { members }]) => ({ name, members: members.size }));
const refusal = (message, reason) => Object.assign(new Error(message), { data: { reason } });

function enter(socket, name) {
  const { nick } = socket.data;
  if (!rooms.has(name)) rooms.set(name, { members: new Set(), history: [] });
  const room = rooms.get(name);
  room.members.add(nick);
  socket.data.room = name;
  socket.join(name);
  socket.to(name).emit("joined", { room: name, nick });
  return { room: name, members: [...room.members], history: room.history };
}

function leave(socket) {
  const { nick, room: name } = socket.data;
  const room = rooms.get(name);
  room.members.delete(nick);
  socket.leave(name);
  socket.to(name).emit("left", { room: name, nick });
  if (room.members.size === 0 && !KEPT.includes(name)) rooms.delete(name);
}

chat.use((socket, next) => {
  const { nick } = socket.handshake.auth;
  if (!isNick(nick)) return next(refusal("nickname invalid", "Use 1 to 20 letters, digits, dots, dashes or underscores."));
  if (nicks.has(nick.toLowerCase())) return next(refusal("nickname taken", `The nickname ${nick} is already taken.`));
  nicks.add(nick.toLowerCase());
  socket.data.nick = nick;
  next();
});

chat.on("connection", (socket) => {
  const { nick } = socket.data;
  const wanted = socket.handshake.auth.room;
  const entered = enter(socket, isRoom(wanted) ? wanted : "lobby");
  socket.emit("welcome", { nick, rooms: list(), ...entered });
  chat.emit("rooms", list());

  socket.on("join", (room, ack) => {
    if (!isRoom(room)) return ack({ error: "A room's name has 1 to 32 letters, digits, dashes or underscores." });
    leave(socket);
    ack(enter(socket, room));
    chat.emit("rooms", list());
  });
  socket.on("message", (text, ack) => {
    if (typeof text !== "string" || text.length === 0 || text.length > 2000) return ack({ error: "A message has 1 to 2000 characters." });
    const { room } = socket.data;
    const message = { room, nick, text, at: Date.now() };
    const { history } = rooms.get(room);
    history.push(message);
    if (history.length > HISTORY) history.shift();
    socket.to(room).emit("message", message);
    ack({ at: message.at });
  });
  socket.on("typing", (typing) => socket.to(socket.data.room).emit("typing", { room: socket.data.room, nick, typing: typing === true }));
  socket.on("disconnect", () => {
    leave(socket);
    nicks.delete(nick.toLowerCase());
    chat.emit("rooms", list());
  });
});

http.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));

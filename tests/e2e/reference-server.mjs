// The contract of README.md, implemented on Node's own Socket.IO server.
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "socket.io";

const http = createServer((request, response) => {
  if (request.method === "GET" && request.url === "/") {
    response.setHeader("Content-Type", "text/plain").end("ok");
  } else if (request.method === "POST" && request.url === "/echo-body") {
    response.flushHeaders();
    request.pipe(response);
  } else {
    response.writeHead(404).end("not found");
  }
});

const io = new Server(http, {
  pingInterval: Number(process.env.PING_INTERVAL_MS ?? 25000),
  pingTimeout: Number(process.env.PING_TIMEOUT_MS ?? 20000),
  serveClient: false,
  cookie: true,
  allowRequest: (request, decide) => {
    const refuse = new URL(request.url, "http://localhost").searchParams.get("refuse");
    if (request.headers.origin === "https://evil.example") decide(null, false);
    else decide(refuse, !refuse);
  },
});

io.engine.on("initial_headers", (headers) => {
  headers["x-contract"] = "1";
});

const roomsOf = (socket) => [...socket.rooms].filter((room) => room !== socket.id).sort();

function onEcho(socket) {
  socket.on("echo", (value) => socket.emit("echo", value));
}

io.on("connection", (socket) => {
  socket.emit("welcome", { id: socket.id, auth: socket.handshake.auth });
  onEcho(socket);

  socket.on("sum", (a, b, ack) => ack(a + b));
  socket.on("noargs", (ack) => ack());
  socket.on("fail", () => {});
  socket.on("bin", ({ name, data, nested }, ack) => {
    socket.emit("bin", { name, data: nested[0], nested: [data] });
    ack?.(data);
  });

  socket.on("ask", async () => {
    socket.emit("answered", await socket.emitWithAck("question", 20));
  });
  socket.on("ask-bin", async (buffer) => {
    socket.emit("answered-bin", await socket.emitWithAck("question-bin", buffer));
  });
  socket.on("ask-timeout", () => {
    socket.timeout(200).emitWithAck("question", 20).catch(() => socket.emit("unanswered"));
  });

  socket.on("join", (room, ack) => {
    socket.join(room);
    ack?.(roomsOf(socket));
  });
  socket.on("leave", (room, ack) => {
    socket.leave(room);
    ack?.(roomsOf(socket));
  });
  socket.on("to", (room, text) => socket.to(room).emit("room", text));
  socket.on("all", (text) => io.emit("all", text));
  socket.on("broadcast", (text) => socket.broadcast.emit("broadcast", text));
  socket.on("except", (room, text) => io.except(room).emit("all", text));

  socket.on("burst", (n) => {
    for (let i = 0; i < n; i++) socket.emit("burst", i);
  });
  socket.on("slow", async (ms, ack) => {
    await delay(ms);
    ack();
  });
  socket.on("transport", (ack) => ack(socket.conn.transport.name));
  socket.on("disconnect-me", (close) => socket.disconnect(close));

  for (const name of ['say "hi" \\ bye', "line\nbreak", "événement ☃ 😀", "7"]) {
    socket.on(name, (value) => socket.emit(name, value));
  }

  let rooms = [];
  socket.on("disconnecting", () => {
    rooms = roomsOf(socket);
  });
  socket.on("disconnect", (reason) => socket.broadcast.emit("left", { id: socket.id, reason, rooms }));
});

io.of("/chat").on("connection", (socket) => {
  socket.emit("hello");
  onEcho(socket);
});

io.of("/private")
  .use((socket, next) => {
    if (socket.handshake.auth.token === "secret") return next();
    next(Object.assign(new Error("not authorized"), { data: { code: 4401 } }));
  })
  .on("connection", onEcho);

io.of("/slow-connect").on("connection", (socket) => {
  const connected = socket.emitWithAck("are-you-there");
  let handled = 0;
  socket.on("n", async (_i, ack) => {
    await connected;
    ack(++handled);
  });
});

io.of("/guarded").on("connection", (socket) => {
  const known = ["login", "number", "fail", "panic", "listen-once", "tick", "sent"];
  let loggedIn = false;
  let sent = 0;
  const answer = (args, error) => typeof args.at(-1) === "function" && args.at(-1)({ error });
  socket.use(([event, ...args], next) => {
    if (!loggedIn && event !== "login") answer(args, "denied");
    else if (!known.includes(event) && socket.listenerCount(event) === 0) answer(args, "unknown");
    else next();
  });
  socket.onAnyOutgoing(() => sent++);
  socket.on("login", (ack) => {
    loggedIn = true;
    ack("welcome");
  });
  socket.on("number", (n, ack) => (Number.isInteger(n) && n >= 0 && n < 256 ? ack(n) : ack({ error: "bad arguments" })));
  socket.on("fail", (...args) => answer(args, "failed"));
  // Node cannot catch a panic: an exception would end the process.
  socket.on("panic", () => {});
  socket.on("listen-once", (ack) => {
    socket.once("next", (ack) => ack("once"));
    ack();
  });
  socket.on("tick", () => {
    const ticks = setInterval(() => socket.emit("tick"), 10);
    socket.on("disconnect", () => {
      clearInterval(ticks);
      socket.broadcast.emit("ticks ended", socket.id);
    });
  });
  socket.on("sent", (ack) => ack(sent));
});

const wide = io.of("/wide");
const roomsLog = new Map();
for (const [name, what] of [["create-room", "create"], ["join-room", "join"], ["leave-room", "leave"], ["delete-room", "delete"]]) {
  wide.adapter.on(name, (room) => roomsLog.set(room, [...(roomsLog.get(room) ?? []), what]));
}
wide.use((socket, next) => {
  socket.join("early");
  next();
});
wide.on("connection", (socket) => {
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack();
  });
  socket.on("set-data", (value, ack) => {
    socket.data = value;
    ack();
  });
  socket.on("ask-all", async (room, ms, ack) => {
    const answers = await wide.to(room).timeout(ms).emitWithAck("question", "?").catch((error) => error.responses);
    ack(answers.sort());
  });
  socket.on("fetch", async (room, ack) => {
    const sockets = await wide.in(room).fetchSockets();
    const seen = sockets.map(({ id, rooms, data }) => ({ id, rooms: [...rooms].filter((r) => r !== id).sort(), data }));
    ack(seen.sort((a, b) => (a.id < b.id ? -1 : 1)));
  });
  socket.on("gather", (from, to, ack) => {
    wide.in(from).socketsJoin(to);
    ack();
  });
  socket.on("scatter", (from, room, ack) => {
    wide.in(from).socketsLeave(room);
    ack();
  });
  socket.on("kick", (room, close) => wide.in(room).disconnectSockets(close));
  socket.on("volatile-burst", (n) => {
    for (let i = 0; i < n; i++) socket.volatile.emit("volatile", i);
    socket.emit("burst-ended", n);
  });
  socket.on("message", (value) => socket.send(value));
  socket.on("everybody", (room, text) => wide.to(room).emit("everybody", text));
  socket.on("rooms-log", (room, ack) => ack(roomsLog.get(room) ?? []));
});

io.of("/relay").on("connection", (socket) => {
  const known = ["text", "exact", "any", "pass"];
  socket.emit("name", socket.handshake.auth.name);
  socket.on("text", (text, ack) => ack(text));
  socket.on("exact", (...args) => args.pop()(...args));
  socket.on("any", (value) => socket.emit("any", value));
  socket.on("pass", (room, ...args) => socket.to(room).emit("passed", ...args));
  socket.onAny((event, ...args) => {
    if (!known.includes(event)) args.at(-1)(event);
  });
});

io.of(/^\/typed\/[^/]+$/)
  .use((socket, next) => next(socket.handshake.auth.refuse ? new Error(socket.handshake.auth.refuse) : undefined))
  .on("connection", (socket) => {
    let sent = 0;
    socket.emit("hello", socket.nsp.name.split("/")[2]);
    socket.on("user message", (text, ack) => {
      if (typeof text !== "string") return ack({ error: "user message" });
      socket.broadcast.emit("user message", text);
      ack(++sent);
    });
    socket.onAny((event, ...args) => {
      if (event !== "user message") args.at(-1)({ error: event });
    });
    socket.on("disconnect", (reason) => socket.nsp.emit("gone", { reason, sent }));
  });

http.listen(Number(process.env.PORT), "127.0.0.1");

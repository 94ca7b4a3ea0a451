// A Node server in a cluster over Redis, controlled by lines of JSON. README.md has the contract.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { execute, tell } from "./support/control.mjs";

/** The time that requests to other nodes wait for their responses, in milliseconds. */
const REQUESTS_TIMEOUT_MS = 2_000;

const { values: options } = parseArgs({ options: { name: { type: "string" }, redis: { type: "string" } } });

const publisher = createClient({ url: options.redis });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) {
  client.setMaxListeners(0); // every namespace listens to errors
  client.on("error", (error) => console.error(`${options.name}: ${error.message}`));
}
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
  serveClient: false,
  adapter: createAdapter(publisher, subscriber, { requestsTimeout: REQUESTS_TIMEOUT_MS }),
});

io.of("/").on("connection", onConnection);
io.of("/chat").on("connection", onConnection);
io.of(/^\/orders\/[^/]+$/).on("connection", onConnection);
for (const nsp of ["/", "/chat"]) onServerEvents(io.of(nsp));
io.on("new_namespace", onServerEvents);

function onConnection(socket) {
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack();
  });
  socket.on("leave", (room, ack) => {
    socket.leave(room);
    ack();
  });
  socket.on("data", (value, ack) => {
    socket.data = value;
    ack();
  });
}

function onServerEvents(nsp) {
  const told = (name, args) => tell({ event: "server", nsp: nsp.name, name, args });
  nsp.on("news", (...args) => told("news", args));
  nsp.on("load?", (silent, ack) => {
    told("load?", [silent]);
    if (silent !== options.name) ack(options.name);
  });
}

/** The sockets of a command. */
function target({ nsp = "/", rooms = [], except = [], flags = {} }) {
  let operator = io.of(nsp).in(rooms).except(except);
  if (flags.volatile) operator = operator.volatile;
  if (flags.local) operator = operator.local;
  return operator;
}

/** The result of an operation with acks. */
async function acks(operation) {
  try {
    return await operation;
  } catch (error) {
    throw Object.assign(new Error(error.message), { acks: error.responses });
  }
}

async function remote({ nsp, socket }) {
  const [found] = await io.of(nsp ?? "/").in(socket).fetchSockets();
  if (found === undefined) throw new Error(`no socket ${socket}`);
  return found;
}

function facts({ id, rooms, data, handshake: { address, headers, query, auth } }) {
  return { id, rooms: [...rooms], data, handshake: { address, headers, query: { ...query }, auth } };
}

const commands = {
  emit: (command) => void target(command).emit(command.event, ...command.args),
  emitWithAck: (command) => acks(target(command).timeout(command.timeout).emitWithAck(command.event, ...command.args)),
  socketsJoin: (command) => target(command).socketsJoin(command.names),
  socketsLeave: (command) => target(command).socketsLeave(command.names),
  disconnectSockets: (command) => target(command).disconnectSockets(command.close),
  fetchSockets: async (command) => (await target(command).fetchSockets()).map(facts),
  serverSideEmit: ({ nsp = "/", event, args }) => void io.of(nsp).serverSideEmit(event, ...args),
  serverSideEmitWithAck: ({ nsp = "/", event, args }) => acks(io.of(nsp).serverSideEmitWithAck(event, ...args)),
  async remoteEmit({ event, args, timeout, ...command }) {
    const socket = await remote(command);
    return timeout === undefined ? void socket.emit(event, ...args) : acks(socket.timeout(timeout).emitWithAck(event, ...args));
  },
  remoteJoin: async ({ names, ...command }) => (await remote(command)).join(names),
  async remoteLeave({ names, ...command }) {
    const socket = await remote(command);
    for (const name of names) socket.leave(name);
  },
  remoteDisconnect: async ({ close, ...command }) => void (await remote(command)).disconnect(close),
  setData({ nsp = "/", socket, data }) {
    io.of(nsp).sockets.get(socket).data = data;
  },
  stop: () => io.close(),
};

http.listen(0, "127.0.0.1", async () => {
  // The adapters have sent their subscriptions without waiting for them; Redis confirms in order.
  await subscriber.ping();
  tell({ ready: true, port: http.address().port });
  await execute(commands);
});

// A process that sends to a cluster without being a server, controlled by lines of JSON. README.md has the contract.
import { parseArgs } from "node:util";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { execute, tell } from "./support/control.mjs";

const { values: options } = parseArgs({ options: { name: { type: "string" }, redis: { type: "string" } } });
const client = createClient({ url: options.redis });
client.on("error", (error) => console.error(`${options.name}: ${error.message}`));
await client.connect();
const emitter = new Emitter(client);

/** The sockets of a command. */
function target({ nsp = "/", rooms = [], except = [], flags = {} }) {
  const operator = emitter.of(nsp).to(rooms).except(except);
  return flags.volatile ? operator.volatile : operator;
}

tell({ ready: true });
await execute({
  emit: (command) => void target(command).emit(command.event, ...command.args),
  socketsJoin: (command) => target(command).socketsJoin(command.names),
  socketsLeave: (command) => target(command).socketsLeave(command.names),
  disconnectSockets: (command) => target(command).disconnectSockets(command.close),
  serverSideEmit: ({ nsp = "/", event, args }) => void emitter.of(nsp).serverSideEmit(event, ...args),
  stop: () => client.close(),
});

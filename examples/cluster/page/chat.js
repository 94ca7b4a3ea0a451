// The page of the chat. A person is { name, node }. Events from the node: `you`(person), `people`(list), `said`(person, text).
// Events to the node: `say`(text).
// The address may set the name and the transports: /?name=ada&transports=polling

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const name = query.get("name") || sessionStorage.getItem("name") || `guest ${Math.floor(Math.random() * 1000)}`;
sessionStorage.setItem("name", name);
$("me").textContent = name;

let socket;
let me;

function connect(transports) {
  socket?.disconnect();
  socket = io({ transports, auth: { name }, forceNew: true, reconnectionDelay: 500, reconnectionDelayMax: 2000 });
  const { io: manager } = socket;
  manager.on("open", () => {
    manager.engine.on("upgrade", ({ name }) => {
      note(`upgraded to ${name}`);
      showState();
    });
  });
  manager.on("reconnect_attempt", (attempt) => note(`attempt ${attempt} to reconnect`));
  socket.on("you", (person) => {
    me = person;
    note(`connected to ${person.node} by ${manager.engine.transport.name}`);
    showState();
  });
  socket.on("disconnect", (reason) => {
    note(`disconnected from ${me?.node}: ${reason}`);
    me = undefined;
    showState();
  });
  socket.on("connect_error", ({ message }) => note(`not connected: ${message}`));
  socket.on("people", showPeople);
  socket.on("said", (person, text) => $("messages").prepend(make("li", {}, badge(person), ` ${text}`)));
}

function showState() {
  $("state").dataset.node = me?.node ?? "";
  $("state").textContent = me ? `on ${me.node} by ${socket.io.engine.transport.name}` : "not connected";
}

function showPeople(people) {
  $("count").textContent = people.length;
  for (const node of document.querySelectorAll(".node")) {
    const present = people.filter((person) => person.node === node.dataset.node);
    const items = present.map((person) => make("li", { className: person.name === name ? "me" : "" }, person.name));
    node.querySelector("ul").replaceChildren(...items);
  }
}

function note(text) {
  const time = make("time", {}, new Date().toLocaleTimeString("en-GB"));
  $("timeline").prepend(make("li", {}, time, make("span", {}, text)));
}

function badge({ name, node }) {
  const element = make("b", { className: "badge", title: node }, name);
  element.dataset.node = node;
  return element;
}

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("text").value) socket.emit("say", $("text").value);
  $("text").value = "";
});
for (const button of document.querySelectorAll("[data-transports]")) {
  button.addEventListener("click", () => connect(button.dataset.transports.split(",")));
}
connect(query.get("transports")?.split(",") ?? ["polling", "websocket"]);

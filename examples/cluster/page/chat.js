// The page of the chat. Events from the server: `you`(person), `people`(list), `said`(person, text); to the server: `say`(text).
// A person is { name, node }.
const $ = (selector) => document.querySelector(selector);
const name = new URLSearchParams(location.search).get("name") ?? `guest ${Math.floor(Math.random() * 1000)}`;
const wanted = new URLSearchParams(location.search).get("transports")?.split(",");
let socket;

function connect(transports = ["polling", "websocket"]) {
  socket?.disconnect();
  socket = io({ transports, auth: { name }, forceNew: true });
  socket.on("connect", () => {
    const show = () => ($("#transport").textContent = `, by ${socket.io.engine.transport.name}`);
    socket.io.engine.on("upgrade", show);
    show();
  });
  socket.on("you", (person) => ($("#me").textContent = `${person.name} on ${person.node}`));
  socket.on("disconnect", () => ($("#me").textContent = "not connected"));
  socket.on("people", (people) => $("#people").replaceChildren(...people.map(({ name, node }) => item(node, `${name} · ${node}`))));
  socket.on("said", (person, text) => {
    const message = item(person.node, ` ${text}`);
    const who = document.createElement("b");
    who.textContent = person.name;
    message.prepend(who);
    $("#messages").prepend(message);
  });
}

function item(className, text) {
  const element = document.createElement("li");
  element.className = className;
  element.textContent = text;
  return element;
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { text } = event.target.elements;
  if (text.value) socket.emit("say", text.value);
  text.value = "";
});
for (const button of document.querySelectorAll("[data-transports]")) {
  button.addEventListener("click", () => connect([button.dataset.transports]));
}
connect(wanted);

// The chat page: the client half of the example, on the stock Socket.IO client.
//
// The contract with the server
//
// Namespace `/chat`, path `/socket.io`. Every body is one JSON value.
//   nick     1 to 20 letters, digits, `.`, `-`, `_`; taken without regard to case
//   room     1 to 32 letters, digits, `-`, `_`; `lobby` always exists, others while somebody is inside or the server keeps them
//   text     1 to 2000 characters
//   at       milliseconds since the Unix epoch, by the server's clock
//   Message  { room, nick, text, at }
//   Room     { name, members }          members: how many
//
// CONNECT with auth { nick, room }. `room` is where the client wants to be, so a reconnection comes back without passing through the
// lobby; absent or invalid, it is `lobby`. Refusals are a connect_error with data { reason }, a sentence to show:
//   "nickname taken" | "nickname invalid"
//
// server -> client
//   welcome  { nick, room, rooms: [Room], members: [nick], history: [Message] }    once, after CONNECT
//   rooms    [Room]                     to everybody, when a room or a count changes
//   joined   { room, nick }             to the others of the room
//   left     { room, nick }             to the others of the room, on a move or a disconnect
//   typing   { room, nick, typing }     to the others of the room
//   message  Message                    to the others of the room; it ends their writer's typing
//
// client -> server
//   join     room    ack { room, members: [nick], history: [Message] }             moves from the present room
//   message  text    ack { at }
//   typing   bool
// A refused join or message acks { error }, a sentence to show.
//
// Order: `members` and `history` are taken in one step with entering the room, so each later event of it is sent exactly once. It may
// overtake the ack of `join` (the page holds it back until the ack) but not `welcome`.

const LOCAL = { src: "/vendor/socket.io.min.js" };
const CDN = {
  src: "https://cdn.socket.io/4.8.3/socket.io.min.js",
  integrity: "sha384-kzavj5fiMwLKzzD1f8S7TeoVIEi7uKHvbTA3ueZkrzYq75pNQUiUi6Dy98Q3fxb0",
  crossOrigin: "anonymous",
};
const NICK = "chat.nick";
const ACK_TIMEOUT = 10_000;
const TYPING_PAUSE = 3_000;
const GROUPED = 3 * 60_000; // messages of one writer closer than this share a heading
const RETRY_TAKEN = { delay: 2_000, times: 30 }; // a lost session may hold its nickname until its heartbeat fails

const REASONS = {
  "io server disconnect": "the server ended the session",
  "io client disconnect": "you left",
  "ping timeout": "the server fell silent",
  "transport close": "the connection closed",
  "transport error": "the connection broke",
  "forced close": "the connection was dropped from this page",
  "parse error": "the server sent something unreadable",
};

const $ = (id) => document.getElementById(id);
const make = (tag, className, ...content) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content); // strings become text nodes: nothing a user wrote is ever parsed as HTML
  return node;
};
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

let socket;
let nick = sessionStorage.getItem(NICK) ?? "";
let room = null; // where the server says we are
let target = roomOfHash(); // where we want to be
let joins = 0; // joins not yet acked
let held = []; // events of `target` that overtook the ack of its join
let welcomed = false;
let takenRetries = 0;
let retry;
const members = new Set();
const writing = new Set();

// ---- The connection and its badge

function load({ src, ...attributes }) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src, ...attributes });
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} did not load`));
    document.head.append(script);
  });
}

function watchConnection() {
  const manager = socket.io;
  manager.on("open", () => {
    const engine = manager.engine;
    const name = engine.transport.name;
    showTransport(name);
    record(`open by ${name}`);
    engine.on("upgrade", (transport) => {
      showTransport(transport.name);
      record(`upgraded to ${transport.name}`);
      $("announce").textContent = `Transport upgraded to ${transport.name}`;
    });
    engine.on("upgradeError", (error) => record(`upgrade failed: ${error.message}`));
  });
  manager.on("ping", () => { $("fact-ping").textContent = new Date().toLocaleTimeString(); });
  manager.on("reconnect_attempt", (attempt) => {
    startTimeline(`connecting, attempt ${attempt}`);
    showState(welcomed ? "reconnecting" : "connecting");
  });

  socket.on("connect", () => {
    showState("connected");
    record("joined /chat");
    $("fact-id").textContent = socket.id;
    $("drop").disabled = false;
  });
  socket.on("disconnect", (reason) => {
    record(`disconnected: ${reason}`);
    showTransport(null);
    $("fact-id").textContent = "none";
    $("drop").disabled = true;
    if (reason === "io client disconnect") return showState("offline");
    showState(socket.active ? "reconnecting" : "closed");
    const why = `Connection lost: ${REASONS[reason] ?? reason} (${reason}).`;
    notify(socket.active ? `${why} Trying again…` : why, { reconnect: !socket.active });
  });
  socket.on("connect_error", (error) => {
    record(`${socket.active ? "failed" : "refused"}: ${error.message}`);
    if (socket.active) {
      if (!welcomed) $("nick-error").textContent = "The server does not answer. Trying again…";
      return; // the client tries again by itself
    }
    showTransport(null);
    if (welcomed && error.message === "nickname taken" && takenRetries++ < RETRY_TAKEN.times) {
      showState("reconnecting");
      notify("The lost session still holds your nickname. Trying again…");
      retry = setTimeout(connect, RETRY_TAKEN.delay);
    } else {
      showGate(error.data?.reason ?? error.message);
    }
  });
}

function connect() {
  startTimeline("connecting");
  showState(welcomed ? "reconnecting" : "connecting");
  socket.connect();
}

function showState(state) {
  const changed = $("state").textContent !== state;
  $("badge").dataset.state = $("state").textContent = state;
  if (changed && state !== "offline") $("announce").textContent = `Connection: ${state}`;
  updateComposer();
}

function showTransport(name) {
  $("transport").hidden = !name;
  $("transport").textContent = $("transport").dataset.name = name ?? "";
  $("fact-transport").textContent = name ?? "none";
}

let started = performance.now();
function startTimeline(what) {
  started = performance.now();
  record(what);
}

function record(what) {
  const passed = performance.now() - started;
  const when = passed < 10_000 ? `${passed.toFixed(0)} ms` : `${(passed / 1000).toFixed(0)} s`;
  const timeline = $("timeline");
  timeline.append(make("li", "", make("span", "", when), make("span", "", what)));
  while (timeline.children.length > 50) timeline.firstChild.remove();
  timeline.scrollTop = timeline.scrollHeight;
}

// ---- The nickname

function showGate(error = "") {
  welcomed = false;
  room = null;
  clearTimeout(retry);
  notify("");
  showTransport(null);
  showState("offline");
  document.title = "Chat";
  $("gate").hidden = false;
  $("room").hidden = true;
  $("enter").disabled = !socket;
  $("nick").value = nick;
  $("nick-error").textContent = error;
  $("nick").setAttribute("aria-invalid", String(error !== ""));
  $("nick").focus();
  $("nick").select();
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  nick = $("nick").value.trim();
  if (!nick) return showGate("Type a nickname first.");
  $("nick-error").textContent = "";
  $("enter").disabled = true;
  connect();
});

$("leave").addEventListener("click", () => {
  sessionStorage.removeItem(NICK);
  clearMessages();
  socket.disconnect();
  showGate();
});

// ---- Rooms and who is in them

function roomOfHash() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || "lobby";
  } catch {
    return "lobby"; // a stray `%`
  }
}

function watchRooms() {
  socket.on("welcome", (welcome) => {
    welcomed = true;
    held = [];
    takenRetries = 0;
    nick = welcome.nick;
    sessionStorage.setItem(NICK, nick);
    $("gate").hidden = true;
    $("room").hidden = false;
    notify("");
    showRooms(welcome.rooms);
    enter(welcome);
    $("text").focus({ preventScroll: true });
  });
  socket.on("rooms", showRooms);
  onRoom("joined", (body) => {
    members.add(body.nick);
    addEvent(`${body.nick} joined`);
    showMembers();
  });
  onRoom("left", (body) => {
    members.delete(body.nick);
    writing.delete(body.nick);
    addEvent(`${body.nick} left`);
    showMembers();
  });
  onRoom("typing", (body) => {
    if (body.typing) writing.add(body.nick);
    else writing.delete(body.nick);
    showMembers();
  });
  onRoom("message", (message) => {
    writing.delete(message.nick);
    showMembers();
    addMessage(message);
    if (document.hidden) showTitle(++unread);
  });
}

function onRoom(event, handle) {
  socket.on(event, (body) => {
    if (joins > 0 && body.room === target) held.push(() => handle(body));
    else if (body.room === room) handle(body);
  });
}

function enter({ room: name, members: present, history }) {
  const unsent = name === room ? [...$("messages").querySelectorAll(".mine:not([data-state=sent])")] : [];
  room = target = name;
  typing = false;
  members.clear();
  writing.clear();
  for (const member of present) members.add(member);
  if (roomOfHash() !== room) setHash(room);

  $("log").ariaBusy = "true";
  clearMessages();
  history.forEach(addMessage);
  $("messages").append(...unsent);
  $("empty").hidden = $("messages").children.length > 0;
  $("log").ariaBusy = "false";
  toEnd();

  $("title").textContent = `#${room}`;
  $("text").placeholder = `Message #${room}`;
  showTitle();
  showMembers();
  markRoom();
  updateComposer();
  for (const handle of held.splice(0)) handle();
}

function setHash(name) {
  window.history.replaceState(null, "", `#${encodeURIComponent(name)}`);
}

function move() {
  target = roomOfHash();
  held = [];
  $("gate-room").textContent = `#${target}`;
  updateComposer();
  if (!socket?.connected) return; // CONNECT will carry the room
  if (target === room && joins === 0) return;
  const wanted = target;
  joins += 1;
  socket.timeout(ACK_TIMEOUT).emit("join", wanted, (failure, reply) => {
    joins -= 1;
    if (wanted !== target || !socket.connected) return; // a later choice, or a new session, has taken over
    if (!failure && !reply.error) return enter(reply);
    target = room;
    setHash(room);
    updateComposer();
    for (const handle of held.splice(0)) handle();
    notify(reply?.error ?? `No answer about #${wanted}.`);
  });
}
window.addEventListener("hashchange", move);

$("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("new-room-name").value.trim().replace(/^#/, "").replace(/\s+/g, "-").toLowerCase();
  $("new-room-name").value = "";
  if (name) location.hash = encodeURIComponent(name);
});

function showRooms(rooms) {
  const focused = document.activeElement?.closest?.("#rooms a")?.hash;
  $("rooms").replaceChildren(...rooms.map(({ name, members: count }) => {
    const link = make("a", "", make("span", "name", `#${name}`), make("span", "members", String(count)));
    link.href = `#${encodeURIComponent(name)}`;
    link.dataset.room = name;
    link.ariaLabel = `${name}, ${count} here`;
    return make("li", "", link);
  }));
  markRoom();
  if (focused) [...$("rooms").querySelectorAll("a")].find((link) => link.hash === focused)?.focus();
}

function markRoom() {
  for (const link of $("rooms").querySelectorAll("a")) {
    const current = link.dataset.room === room;
    link.ariaCurrent = current ? "page" : null;
    if (current) link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function avatar(name) {
  const face = make("span", "avatar", [...name][0]);
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  face.style.setProperty("--hue", String(hash * 47 % 360));
  face.ariaHidden = "true";
  return face;
}

function showMembers() {
  const sorted = [...members].sort((a, b) => (b === nick) - (a === nick) || a.localeCompare(b));
  $("members").replaceChildren(...sorted.map((name) => {
    const face = avatar(name);
    face.classList.toggle("writing", writing.has(name));
    return make("li", "", face, make("span", "name", name), ...(name === nick ? [make("span", "you", "you")] : []));
  }));
  $("count").textContent = String(members.size);

  const names = [...writing];
  const sentence = names.length === 0 ? "" : names.length === 1 ? `${names[0]} is typing`
    : names.length === 2 ? `${names[0]} and ${names[1]} are typing` : "Several people are typing";
  if ($("typing").textContent === sentence) return;
  $("typing").replaceChildren(...(sentence ? [make("i"), make("i"), make("i"), sentence] : []));
}

$("people-toggle").addEventListener("click", () => showPeople(!$("people").classList.contains("open")));
function showPeople(open) {
  $("people").classList.toggle("open", open);
  $("people-toggle").ariaExpanded = String(open);
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") showPeople(false); });
document.addEventListener("click", (event) => { if (!event.target.closest("#people, #people-toggle")) showPeople(false); });

// ---- Messages

let unread = 0;
let last = null; // the writer and time of the newest message, for grouping

function clearMessages() {
  $("messages").replaceChildren();
  $("newer").hidden = true;
  $("notice").hidden = true;
  last = null;
}

function addMessage({ nick: writer, text, at }, state = "sent") {
  const mine = writer === nick;
  const item = make("li", mine ? "message mine" : "message");
  item.dataset.state = state;
  if (last?.writer === writer && at - last.at < GROUPED) item.classList.add("follows");
  last = { writer, at };
  const time = make("time", "", clock(at));
  time.dateTime = new Date(at).toISOString();
  const line = make("div", "line", make("p", "text", text));
  if (mine) line.append(tick(state));
  item.append(avatar(writer), make("p", "who", make("b", "", mine ? "you" : writer), time), line);
  append(item, mine && state === "sending");
  return item;
}

function addEvent(text) {
  last = null;
  append(make("li", "event", text));
}

function append(item, follow = false) {
  const log = $("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  $("messages").append(item);
  $("empty").hidden = true;
  if (follow || atEnd) toEnd();
  else $("newer").hidden = false;
}

function toEnd() {
  $("log").scrollTop = $("log").scrollHeight;
  $("newer").hidden = true;
}
$("newer").addEventListener("click", toEnd);
$("log").addEventListener("scroll", () => {
  if ($("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 20) $("newer").hidden = true;
});

function tick(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M3 8.500 6.500 12 13 4.500");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "tick");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", state === "sent" ? "delivered" : "sending");
  svg.append(path);
  return svg;
}

function send(text) {
  typing = false;
  clearTimeout(pause);
  const item = addMessage({ nick, text, at: Date.now() }, "sending");
  const sent = performance.now();
  socket.timeout(ACK_TIMEOUT).emit("message", text, (failure, reply) => {
    if (failure || reply.error) return showFailed(item, text, reply?.error ?? "Not confirmed.");
    const trip = performance.now() - sent;
    item.dataset.state = "sent";
    item.querySelector("time").textContent = clock(reply.at);
    item.querySelector(".tick").setAttribute("aria-label", `delivered in ${trip.toFixed(0)} ms`);
    $("fact-trip").textContent = `${trip.toFixed(1)} ms`;
  });
}

function showFailed(item, text, why) {
  item.dataset.state = "failed";
  const again = make("button", "quiet", "Send again");
  again.type = "button";
  again.addEventListener("click", () => {
    if (!ready()) return;
    item.remove();
    send(text);
  });
  item.append(make("div", "failed", why, again));
  item.querySelector(".tick").remove();
}

// ---- The composer

let typing = false;
let pause;

/** Nothing is queued for later: what is sent goes out now, in the room on screen. */
const ready = () => Boolean(socket?.connected && room && room === target && joins === 0);

function updateComposer() {
  $("send").disabled = !ready() || $("text").value.trim() === "";
}

function setTyping(value) {
  clearTimeout(pause);
  if (value) pause = setTimeout(setTyping, TYPING_PAUSE, false);
  if (value === typing || !ready()) return;
  typing = value;
  socket.emit("typing", value);
}

$("text").addEventListener("input", () => {
  setTyping($("text").value.trim() !== "");
  updateComposer();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !ready()) return;
  $("text").value = "";
  send(text);
  updateComposer();
  $("text").focus();
});

// ---- The page

function notify(text, { reconnect = false } = {}) {
  $("notice-text").textContent = text;
  $("notice").hidden = text === "";
  $("reconnect").hidden = !reconnect;
}
$("reconnect").addEventListener("click", connect);

function showTitle(count = 0) {
  unread = count;
  document.title = `${count ? `(${count}) ` : ""}#${room} · Chat`;
}
document.addEventListener("visibilitychange", () => { if (!document.hidden && room) showTitle(); });

// Closing the engine under the manager is a lost connection as far as the client is concerned: it reconnects.
$("drop").addEventListener("click", () => socket.io.engine.close());

$("gate-room").textContent = `#${target}`;
showGate();
try {
  await load(LOCAL).catch(() => load(CDN));
  socket = window.io("/chat", { autoConnect: false, reconnectionDelay: 500, reconnectionDelayMax: 3_000, auth: (give) => give({ nick, room: target }) });
  watchConnection();
  watchRooms();
  $("enter").disabled = false;
  if (nick) connect();
} catch (error) {
  $("nick-error").textContent = `The Socket.IO client could not be loaded: ${error.message}. Without access to the internet, run "npm ci" in tests/browser once.`;
}

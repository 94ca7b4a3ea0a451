//! Two connections that receive the same input and commands, one of them by a shortcut, and must return the same.

use std::fmt::Debug;
use std::mem::take;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use socketio_core::engine::{Head, Poll, Post, Request, Transmit, Upgrade};
use socketio_core::packet::{AckId, Args, Encoder};
use socketio_core::{
    Accept, AckRequest, Config, Connection, ConnectionEvent, DisconnectReason, LinkError, LinkId, Message,
    Pending, Sid, SocketId, SocketKey,
};

/// The calls that a connection is driven with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// `handle_message` and `poll`, `send` and `poll_transmit`.
    Queued,
    /// `poll_message` in place of `handle_message` and one `poll`.
    PollMessage,
    /// `send_at_once` in place of `send`.
    SendAtOnce,
}

/// An input from the network or the clock.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// A message on a link, mostly that of the latest stream.
    Text(u8, &'static str),
    Binary(u8),
    Get,
    Delivered,
    Post(&'static str),
    PostHead,
    Upgrade(bool),
    Advance(u16),
    Progress(u8),
    Partial(bool),
    Lose(u8, LinkError),
}

/// A command of the application. The numbers select a socket or a connection request.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Accept(u8),
    Reject(u8),
    Park(u8),
    Resume(u8),
    ParkAll,
    ResumeAll,
    Forget(u8),
    Disconnect(u8),
    DisconnectClient,
    Close,
    Send(u8, bool),
    Ask(u8, u8),
}

/// An input, the commands that follow it before anything is transmitted, and the number of events polled after each of
/// them.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub input: Input,
    pub commands: Vec<Command>,
    pub polls: usize,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    // A driver may stop before there is no event.
    let polls = prop_oneof![2 => Just(usize::MAX), 2 => Just(0), 1 => 1..3_usize];
    let commands = prop::collection::vec(command(), 0..5);
    let step =
        (input(), commands, polls).prop_map(|(input, commands, polls)| Step { input, commands, polls });
    prop::collection::vec(step, 0..60)
}

fn input() -> impl Strategy<Value = Input> {
    let text = || prop_oneof![30 => prop::sample::select(PACKETS), 1 => prop::sample::select(HARMFUL)];
    prop_oneof![
        40 => (any::<u8>(), text()).prop_map(|(link, text)| Input::Text(link, text)),
        6 => any::<u8>().prop_map(Input::Binary),
        8 => Just(Input::Get),
        6 => Just(Input::Delivered),
        8 => prop::sample::select(BODIES).prop_map(Input::Post),
        1 => Just(Input::PostHead),
        3 => any::<bool>().prop_map(Input::Upgrade),
        6 => prop_oneof![Just(0), 0..1000_u16, 20_000..26_000_u16].prop_map(Input::Advance),
        4 => any::<u8>().prop_map(Input::Progress),
        2 => any::<bool>().prop_map(Input::Partial),
        1 => (any::<u8>(), prop::sample::select(LOSSES)).prop_map(|(link, why)| Input::Lose(link, why)),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => any::<u8>().prop_map(Command::Accept),
        1 => any::<u8>().prop_map(Command::Reject),
        2 => any::<u8>().prop_map(Command::Park),
        8 => any::<u8>().prop_map(Command::Resume),
        1 => Just(Command::ParkAll),
        3 => Just(Command::ResumeAll),
        1 => any::<u8>().prop_map(Command::Forget),
        1 => any::<u8>().prop_map(Command::Disconnect),
        12 => (any::<u8>(), any::<bool>()).prop_map(|(socket, binary)| Command::Send(socket, binary)),
        4 => (any::<u8>(), 0..4_u8).prop_map(|(socket, id)| Command::Ask(socket, id)),
        // Rare, so that most sessions go on.
        1 => prop_oneof![
            6 => Just(Command::ResumeAll),
            1 => Just(Command::DisconnectClient),
            1 => Just(Command::Close),
        ],
    ]
}

const PACKETS: &[&str] = &[
    "40",
    "40",
    "40/a,{\"token\":1}",
    "40/b,",
    "41",
    "41/a",
    "42[\"n\",1]",
    "42[\"text\",\"hello\"]",
    "42[ \"spaced\" , 1 ]",
    "42/a,7[\"esc\\u0061ped\",\"x\\n\"]",
    "42/a,[\"text\",\"hello\"]",
    "42/b,[\"\"]",
    "421[\"ask\"]",
    "430[1]",
    "431[]",
    "43/a,2[\"x\"]",
    "461-3[{\"_placeholder\":true,\"num\":0}]",
    "451-[\"b\",{\"_placeholder\":true,\"num\":0}]",
    "452-/a,5[\"bb\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]",
    "451-[\"none\"]",
    "bAQID",
    "2probe",
    "5",
    "3",
    "6",
];

const HARMFUL: &[&str] =
    &["42", "42/x,[\"n\"]", "44{}", "1", "", "x", "451-[\"b\",{\"_placeholder\":true,\"num\":1}]"];

const BODIES: &[&str] = &[
    "40",
    "40/a,\u{1e}40/b,",
    "42[\"n\",1]\u{1e}42/a,[\"n\",2]\u{1e}421[\"ask\"]",
    "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID",
    "41",
    "3",
    "430[1]\u{1e}431[]",
    // More packets than are decoded at a time.
    "42[0]\u{1e}42[1]\u{1e}42[2]\u{1e}42[3]\u{1e}42[4]\u{1e}42[5]\u{1e}42[6]\u{1e}42[7]\u{1e}42[8]\u{1e}42[9]\u{1e}\
     42[10]\u{1e}42[11]\u{1e}42[12]\u{1e}42[13]\u{1e}42[14]\u{1e}42[15]\u{1e}42[16]\u{1e}42[17]\u{1e}42[18]",
];

const LOSSES: &[LinkError] = &[LinkError::Closed, LinkError::Failed, LinkError::TooLarge, LinkError::Stalled];

/// Runs steps on two connections. They must return the same in the same order, and be in the same state.
pub(crate) fn check(query: &str, [one, other]: [Calls; 2], steps: &[Step]) -> Result<(), TestCaseError> {
    let now = Instant::now();
    let mut twins = [one, other].map(|calls| Twin::open(calls, query, now));
    twins.iter_mut().for_each(Twin::join);
    for (at, step) in steps.iter().enumerate() {
        let [one, other] = twins.each_mut().map(|twin| twin.run(step));
        prop_assert_eq!(one, other, "step {} of {:?}", at, steps);
    }
    let [one, other] = twins.each_mut().map(Twin::finish);
    prop_assert_eq!(one, other, "the end of {:?}", steps);
    Ok(())
}

/// The queries of sessions: by polling, and on a WebSocket, the second one without binary messages.
pub(crate) const QUERIES: [&str; 3] =
    ["EIO=4&transport=polling", "EIO=4&transport=websocket", "EIO=4&transport=websocket&b64=1"];

/// A connection and the output that it has returned since the last step.
struct Twin {
    calls: Calls,
    connection: Connection<u64>,
    now: Instant,
    links: u32,
    stream: Option<LinkId>,
    pending: Vec<Pending>,
    sockets: Vec<(SocketKey, String)>,
    sent: u64,
    /// The events that the connection has returned.
    events: Vec<String>,
    /// The actions that the connection has returned.
    transmits: Vec<String>,
}

impl Twin {
    fn open(calls: Calls, query: &str, now: Instant) -> Self {
        let mut config = Config::default();
        config.max_namespaces = 2;
        config.max_parked_events = 4;
        let head = Head::new("GET", "/socket.io/", query).with_websocket(query.contains("websocket"));
        let Ok(Request::Open(open)) = Request::parse(&head, &config) else {
            panic!("not a handshake: {query}")
        };
        let connection = Connection::open(Arc::new(config), &Sid::from_entropy([7; 15]), &open, now);
        let mut twin = Self {
            calls,
            connection,
            now,
            links: 0,
            stream: None,
            pending: Vec::new(),
            sockets: Vec::new(),
            sent: 0,
            events: Vec::new(),
            transmits: Vec::new(),
        };
        let link = twin.new_link();
        if query.contains("websocket") {
            twin.connection.handle_attach(link, now);
            twin.stream = Some(link);
        } else {
            twin.connection.handle_poll(link, &poll(), now).expect("the first GET");
        }
        twin.poll(usize::MAX);
        twin.transmit();
        twin
    }

    /// Connects the client to two namespaces.
    fn join(&mut self) {
        for namespace in ["40", "40/a,"] {
            match self.stream {
                Some(_) => self.input(&Input::Text(1, namespace)),
                None => self.input(&Input::Post(namespace)),
            }
            self.poll(usize::MAX);
            self.command(&Command::Accept(0));
            self.command(&Command::Resume(0));
            self.transmit();
        }
    }

    /// Performs a step. Returns the output and the state after it.
    fn run(&mut self, step: &Step) -> impl PartialEq + Debug + use<> {
        self.input(&step.input);
        self.poll(step.polls);
        step.commands.iter().for_each(|command| self.command(command));
        self.transmit();
        self.poll(step.polls);
        self.transmit();
        let connection = &self.connection;
        (
            (take(&mut self.events), take(&mut self.transmits)),
            (connection.is_behind(), connection.received_bytes(), connection.awaited_acks()),
            (connection.queued_bytes(), connection.is_writable(), connection.undelivered()),
            (connection.is_finished(), connection.transport(), connection.is_parked()),
            connection.poll_timeout(),
        )
    }

    /// Delivers everything that waits, and closes the connection. Returns the output.
    fn finish(&mut self) -> (Vec<String>, Vec<String>) {
        self.connection.resume_all();
        for socket in 0..self.sockets.len() {
            self.connection.resume(self.sockets[socket].0);
            self.poll(usize::MAX);
        }
        self.transmit();
        self.connection.close(DisconnectReason::ServerShuttingDown, self.now);
        self.poll(usize::MAX);
        self.transmit();
        assert_eq!(self.connection.awaited_acks(), 0, "every token is returned");
        assert!(!self.connection.is_behind(), "nothing waits");
        (take(&mut self.events), take(&mut self.transmits))
    }

    fn input(&mut self, input: &Input) {
        let now = self.now;
        match *input {
            Input::Text(link, text) => self.message(link, Message::Text(text.into())),
            Input::Binary(link) => self.message(link, Message::Binary(vec![1, 2, 3].into())),
            Input::Get => {
                let link = self.new_link();
                let result = self.connection.handle_poll(link, &poll(), now);
                self.transmits.push(format!("{link:?} {result:?}"));
            }
            Input::Delivered => {
                if let Some(link) = self.connection.undelivered() {
                    self.connection.handle_delivered(link, now);
                }
            }
            Input::Post(_) | Input::PostHead => {
                let link = self.new_link();
                let result = self.connection.handle_post(link, &post(), now);
                self.transmits.push(format!("{link:?} {result:?}"));
                if let Input::Post(body) = *input
                    && result.is_ok()
                {
                    self.connection.handle_body(link, body.into(), now);
                }
            }
            Input::Upgrade(base64) => {
                let link = self.new_link();
                self.connection.handle_upgrade(link, &upgrade(base64), now);
                self.stream = Some(link);
            }
            Input::Advance(millis) => {
                self.now += Duration::from_millis(millis.into());
                self.connection.handle_timeout(self.now);
            }
            Input::Progress(left) => {
                let link = self.connection.undelivered().or(self.stream).unwrap_or(LinkId::new(0));
                self.connection.handle_progress(link, usize::from(left / 16), now);
            }
            Input::Partial(partial) => {
                let link = self.stream.unwrap_or(LinkId::new(0));
                self.connection.handle_partial(link, partial, now);
            }
            Input::Lose(link, why) => {
                let link = self.link(link);
                self.connection.handle_lost(link, why, now);
            }
        }
    }

    fn message(&mut self, link: u8, message: Message) {
        let (link, now) = (self.link(link), self.now);
        let event = if self.calls == Calls::PollMessage {
            self.connection.poll_message(link, message, now)
        } else {
            self.connection.handle_message(link, message, now);
            self.connection.poll(now)
        };
        if let Some(event) = event {
            self.take(event);
        }
    }

    fn command(&mut self, command: &Command) {
        let now = self.now;
        match *command {
            Command::Accept(n) | Command::Reject(n) => {
                if self.pending.is_empty() {
                    return;
                }
                let pending = self.pending.remove(usize::from(n) % self.pending.len());
                if let Command::Reject(_) = command {
                    return self.connection.reject(pending, "no", None);
                }
                let namespace = pending.namespace().to_owned();
                let id = SocketId::from_entropy([n; 15]);
                if let Some(socket) = self.connection.accept(pending, Accept::new(id)) {
                    self.sockets.push((socket, namespace));
                }
            }
            Command::Park(n) => self.with_socket(n, |connection, socket, _| connection.park(socket)),
            Command::Resume(n) => self.with_socket(n, |connection, socket, _| connection.resume(socket)),
            Command::ParkAll => self.connection.park_all(),
            Command::ResumeAll => self.connection.resume_all(),
            Command::Forget(n) => {
                self.with_socket(n, |connection, socket, _| _ = connection.forget(socket));
            }
            Command::Disconnect(n) => {
                self.with_socket(n, |connection, socket, _| connection.disconnect(socket));
            }
            Command::DisconnectClient => self.connection.disconnect_client(now),
            Command::Close => self.connection.close(DisconnectReason::ForcedServerClose, now),
            Command::Send(n, binary) => {
                self.sent += 1;
                let (sent, calls) = (self.sent, self.calls);
                let mut at_once = None;
                self.with_socket(n, |connection, socket, namespace| {
                    let mut encoder = Encoder::default();
                    let packet = match binary {
                        true => encoder.event(namespace, "b", &bytes::Bytes::from_static(b"\x01\x02"), None),
                        false => encoder.event(namespace, "n", &sent, None),
                    };
                    let packet = packet.expect("a value that encodes");
                    if calls == Calls::SendAtOnce {
                        at_once = connection.send_at_once(socket, packet);
                    } else {
                        connection.send(socket, packet, None);
                    }
                });
                if let Some(transmit) = at_once {
                    self.record(&transmit);
                }
            }
            Command::Ask(n, id) => {
                self.sent += 1;
                let (sent, id) = (self.sent, AckId(id.into()));
                let deadline = (sent % 2 == 0).then(|| now + Duration::from_millis(sent * 50));
                self.with_socket(n, |connection, socket, namespace| {
                    let packet = Encoder::default().event(namespace, "ask", &Args((sent,)), Some(id));
                    let packet = packet.expect("a number encodes");
                    connection.send(socket, packet, Some(AckRequest::new(id, sent, deadline)));
                });
            }
        }
    }

    /// Polls events, and takes at most `polls` of them.
    fn poll(&mut self, polls: usize) {
        for _ in 0..polls {
            let Some(event) = self.connection.poll(self.now) else { break };
            self.take(event);
        }
    }

    fn take(&mut self, event: ConnectionEvent<u64>) {
        self.events.push(match &event {
            ConnectionEvent::Received { socket, event, ack } => {
                let (name, args) = (event.name(), event.args());
                let (json, size, attachments) = (args.json(), args.size(), args.attachments());
                format!("{socket:?} {name:?} [{json}] {size} {attachments:?} {ack:?}")
            }
            event => format!("{event:?}"),
        });
        if let ConnectionEvent::Connect(pending) = event {
            self.pending.push(pending);
        }
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            self.record(&transmit);
        }
    }

    fn record(&mut self, transmit: &Transmit) {
        match transmit {
            Transmit::Message { link, packet } => {
                let frames = packet.websocket().escape_ascii();
                self.transmits.push(format!("{link:?} {frames}"));
            }
            other => self.transmits.push(format!("{other:?}")),
        }
    }

    fn with_socket(&mut self, n: u8, run: impl FnOnce(&mut Connection<u64>, SocketKey, &str)) {
        // The latest sockets, because the others have ended.
        if let Some((socket, namespace)) = self.sockets.iter().rev().nth(usize::from(n) % 4) {
            run(&mut self.connection, *socket, namespace);
        }
    }

    fn link(&self, n: u8) -> LinkId {
        match self.stream {
            Some(stream) if !n.is_multiple_of(16) => stream,
            _ => LinkId::new(u32::from(n / 16) % self.links.max(1)),
        }
    }

    fn new_link(&mut self) -> LinkId {
        let link = LinkId::new(self.links);
        self.links += 1;
        link
    }
}

fn request(method: &str, query: &str, websocket: bool) -> Request {
    let query = format!("EIO=4&{query}&sid=AAAAAAAAAAAAAAAAAAAA");
    let head = Head::new(method, "/socket.io/", &query).with_content_type(Some("text/plain"));
    Request::parse(&head.with_websocket(websocket), &Config::default()).expect("a valid request")
}

fn poll() -> Poll {
    let Request::Poll(poll) = request("GET", "transport=polling", false) else { panic!("not a GET") };
    poll
}

fn post() -> Post {
    let Request::Post(post) = request("POST", "transport=polling", false) else { panic!("not a POST") };
    post
}

fn upgrade(base64: bool) -> Upgrade {
    let query = if base64 { "transport=websocket&b64=1" } else { "transport=websocket" };
    let Request::Upgrade(upgrade) = request("GET", query, true) else { panic!("not an upgrade") };
    upgrade
}

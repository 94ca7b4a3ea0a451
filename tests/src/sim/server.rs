use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use socketio_core::engine::{Head, Open, Post, Request, RequestError, Response, Transmit, Upgrade};
use socketio_core::{Config, Connection, LinkError, LinkId, Message, Sid};

use super::ledger::{self, Ledger, Record};
use super::{App, Token};

mod application;
mod drain;

/// A connection and its driver, in virtual time.
///
/// Each method is one input, after which all output is taken and checked. Requests and streams are identified by the
/// [`LinkId`] that the method returns. [`answer`](Self::answer) and [`messages`](Self::messages) return the output on
/// them, and [`log`](Self::log) the events of the application.
#[derive(Debug)]
pub struct Server {
    connection: Connection<Token>,
    ledger: Ledger,
    app: App,
    birth: Instant,
    now: Instant,
    next_link: LinkId,
    last_id: u64,
    /// The packets sent to sockets, which must leave in this order unless the connection ends.
    sent: VecDeque<String>,
    transmitted: Vec<Transmit>,
}

impl Server {
    /// The session id of every simulated session.
    pub const SID: &'static str = "AAAAAAAAAAAAAAAAAAAA";

    /// Opens a polling session whose OPEN packet has been read.
    pub fn polling() -> Self {
        Self::polling_with(Config::default())
    }

    /// Like [`polling`](Self::polling), with a configuration.
    pub fn polling_with(config: Config) -> Self {
        let mut server = Self::open("EIO=4&transport=polling", config);
        let get = server.get();
        assert!(server.answer(get).starts_with("200 0{"), "the handshake");
        server.read_answer();
        server
    }

    /// Opens a session on a WebSocket whose OPEN packet has been read. Returns it with its link.
    pub fn websocket() -> (Self, LinkId) {
        Self::websocket_with(Config::default())
    }

    /// Like [`websocket`](Self::websocket), with a configuration.
    pub fn websocket_with(config: Config) -> (Self, LinkId) {
        let mut server = Self::open("EIO=4&transport=websocket", config);
        let stream = server.attach();
        assert!(server.messages(stream).join("").starts_with("0{"), "the handshake");
        (server, stream)
    }

    /// Opens a polling session with a socket on `/` and an empty log.
    pub fn joined() -> Self {
        let mut server = Self::polling();
        server.post("40");
        let get = server.get();
        assert!(server.answer(get).starts_with("200 40{"), "connected");
        server.read_answer();
        server.log();
        server
    }

    /// Opens a session on a WebSocket with a socket on `/` and an empty log.
    pub fn joined_by_websocket() -> (Self, LinkId) {
        let (mut server, stream) = Self::websocket();
        server.text(stream, "40");
        assert!(server.messages(stream).join("").starts_with("40{"), "connected");
        server.log();
        (server, stream)
    }

    /// Opens a session with this query, before any output is read.
    pub fn open(query: &str, config: Config) -> Self {
        let websocket = query.contains("transport=websocket");
        let head = Head::new("GET", "/socket.io/", query).with_websocket(websocket);
        let open = match Request::parse(&head, &config) {
            Ok(Request::Open(open)) => open,
            other => panic!("{query} does not open a session: {other:?}"),
        };
        Self::new(&open, config)
    }

    fn new(open: &Open, config: Config) -> Self {
        let birth = Instant::now();
        let sid: Sid = Self::SID.parse().expect("twenty characters");
        let mut server = Self {
            connection: Connection::open(Arc::new(config), &sid, open, birth),
            ledger: Ledger::default(),
            app: App::default(),
            birth,
            now: birth,
            next_link: LinkId::new(0),
            last_id: 0,
            sent: VecDeque::new(),
            transmitted: Vec::new(),
        };
        server.drain();
        server
    }
}

/// State and output.
impl Server {
    /// Returns the application.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }

    /// Takes the application's log since the last call; see [`App`] for the notation.
    pub fn log(&mut self) -> Vec<String> {
        self.app.take_log()
    }

    /// Returns the state of all links.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the response to a request, such as `200 2␞4hello`, or an empty string while it is pending.
    pub fn answer(&self, link: LinkId) -> &str {
        match self.ledger.record(link) {
            Some(Record::Answered(answer)) => answer,
            Some(Record::Get | Record::Post) => "",
            other => panic!("{link:?} is not a request: {other:?}"),
        }
    }

    /// Takes the messages written to a stream since the last call: text as it is, `<0102>` for binary, and `close` or
    /// `close 1009` if it was closed.
    pub fn messages(&mut self, link: LinkId) -> Vec<String> {
        let (messages, closed) = self.ledger.take_messages(link);
        let mut lines: Vec<String> = messages.iter().map(render).collect();
        if let Some(code) = closed {
            lines.push(code.map_or("close".to_owned(), |code| format!("close {code}")));
        }
        lines
    }

    /// Takes the transmits since the last call, for a network to carry.
    pub(super) fn take_transmitted(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.transmitted)
    }

    /// Returns `true` if the connection is finished.
    pub fn is_finished(&self) -> bool {
        self.connection.is_finished()
    }

    /// Returns the number of received bytes that wait for the application.
    pub fn received_bytes(&self) -> usize {
        self.connection.received_bytes()
    }

    /// Returns the number of bytes queued for the transport.
    pub fn queued_bytes(&self) -> usize {
        self.connection.queued_bytes()
    }

    /// Returns the number of awaited acks.
    pub fn awaited_acks(&self) -> usize {
        self.connection.awaited_acks()
    }

    /// Returns the milliseconds since the session was opened.
    pub fn clock(&self) -> u128 {
        self.now.duration_since(self.birth).as_millis()
    }

    /// Returns the current time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns the connection's next deadline.
    pub fn timeout(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }
}

/// Input from the network.
impl Server {
    /// Receives a GET, after the response to the last one has been read.
    pub fn get(&mut self) -> LinkId {
        self.read_answer();
        self.second_get()
    }

    /// Receives a GET, even if the response to the last one has not been read.
    pub fn second_get(&mut self) -> LinkId {
        self.request("GET", "EIO=4&transport=polling")
    }

    /// Receives a request of the session with this query before its `sid`, and without the body of a POST.
    pub fn request(&mut self, method: &str, query: &str) -> LinkId {
        let websocket = query.contains("transport=websocket");
        let query = format!("{query}&sid={}", Self::SID);
        let head = Head::new(method, "/socket.io/", &query).with_websocket(websocket);
        let link = self.new_link();
        let (record, accepted) = match Request::parse(&head, &Config::default()) {
            Ok(Request::Poll(poll)) => (Record::Get, self.connection.handle_poll(link, &poll, self.now)),
            Ok(Request::Post(post)) => (Record::Post, self.connection.handle_post(link, &post, self.now)),
            Ok(Request::Upgrade(upgrade)) => {
                self.connection.handle_upgrade(link, &upgrade, self.now);
                (Record::Stream(Vec::new()), Ok(()))
            }
            Ok(other) => panic!("not a request of a session: {other:?}"),
            Err(error) => (Record::Get, Err(error)),
        };
        self.requested(link, record, accepted);
        link
    }

    /// Reports that the last response has been read to its end.
    pub fn read_answer(&mut self) {
        if let Some(link) = self.connection.undelivered() {
            self.connection.handle_delivered(link, self.now);
            self.drain();
        }
    }

    /// Receives a POST with its body.
    pub fn post(&mut self, body: impl Into<Bytes>) -> LinkId {
        let link = self.post_head();
        self.body(link, body);
        link
    }

    /// Receives the head of a POST.
    pub fn post_head(&mut self) -> LinkId {
        self.post_of_type("text/plain;charset=UTF-8")
    }

    /// Receives the head of a POST with this `Content-Type`.
    pub fn post_of_type(&mut self, content_type: &str) -> LinkId {
        let post = Self::parse_post(content_type);
        let link = self.new_link();
        let accepted = self.connection.handle_post(link, &post, self.now);
        self.requested(link, Record::Post, accepted);
        link
    }

    /// Receives the body of a POST.
    pub fn body(&mut self, link: LinkId, body: impl Into<Bytes>) {
        self.connection.handle_body(link, body.into(), self.now);
        self.drain();
    }

    /// Attaches the stream that the session was opened on.
    pub fn attach(&mut self) -> LinkId {
        let link = self.new_link();
        self.ledger.insert(link, Record::Stream(Vec::new()));
        self.connection.handle_attach(link, self.now);
        self.drain();
        link
    }

    /// Opens a stream as a candidate for an upgrade.
    pub fn upgrade(&mut self) -> LinkId {
        self.upgrade_with("")
    }

    /// Like [`upgrade`](Self::upgrade), with more parameters in its query, such as `&b64=1`.
    pub fn upgrade_with(&mut self, parameters: &str) -> LinkId {
        let upgrade = Self::parse_upgrade(parameters);
        let link = self.new_link();
        self.ledger.insert(link, Record::Stream(Vec::new()));
        self.connection.handle_upgrade(link, &upgrade, self.now);
        self.drain();
        link
    }

    /// Performs a whole upgrade: probe, reply and commit. Returns the stream.
    pub fn upgraded(&mut self) -> LinkId {
        let stream = self.upgrade();
        self.text(stream, "2probe");
        assert_eq!(self.messages(stream), ["3probe"]);
        self.text(stream, "5");
        stream
    }

    /// Receives a text message on a stream.
    pub fn text(&mut self, link: LinkId, text: &str) {
        self.message(link, Message::Text(text.into()));
    }

    /// Receives a binary message on a stream.
    pub fn binary(&mut self, link: LinkId, bytes: &[u8]) {
        self.message(link, Message::Binary(Bytes::copy_from_slice(bytes)));
    }

    /// Receives a message on a stream.
    pub fn message(&mut self, link: LinkId, message: Message) {
        let event = self.connection.poll_message(link, message, self.now);
        self.drain_after(event);
    }

    /// Receives bytes on a stream that do not complete a message.
    pub fn activity(&mut self, link: LinkId) {
        self.connection.handle_activity(link);
        self.drain();
    }

    /// Receives bytes on a stream and sets if they end within a message.
    pub fn partial(&mut self, link: LinkId, partial: bool) {
        self.connection.handle_activity(link);
        self.connection.handle_partial(link, partial, self.now);
        self.drain();
    }

    /// Reports that the transport has taken bytes of the output on a link, of which `left` bytes are left.
    pub fn progress(&mut self, link: LinkId, left: usize) {
        self.connection.handle_progress(link, left, self.now);
        self.drain();
    }

    /// Reports the loss of a link. A POST that is too large still gets a response.
    pub fn lost(&mut self, link: LinkId, why: LinkError) {
        if why != LinkError::TooLarge || matches!(self.ledger.record(link), Some(Record::Get)) {
            self.ledger.lose(link);
        }
        self.connection.handle_lost(link, why, self.now);
        self.drain();
    }

    /// Advances the clock, and wakes the connection at its deadlines.
    pub fn advance(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.connection.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.wake();
        }
        self.now = until;
    }

    /// Advances the clock without waking the connection, as if its process was stalled.
    pub fn stall(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Wakes the connection, even if no deadline has passed.
    pub fn wake(&mut self) {
        self.connection.handle_timeout(self.now);
        self.drain();
        let next = self.connection.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "livelock: the deadline stays in the past");
    }
}

impl Server {
    pub(super) fn parse_post(content_type: &str) -> Post {
        let query = format!("EIO=4&transport=polling&sid={}", Self::SID);
        let content_type = Some(content_type);
        let head = Head::new("POST", "/socket.io/", &query).with_content_type(content_type);
        match Request::parse(&head, &Config::default()) {
            Ok(Request::Post(post)) => post,
            other => panic!("not a POST: {other:?}"),
        }
    }

    pub(super) fn parse_upgrade(parameters: &str) -> Upgrade {
        let query = format!("EIO=4&transport=websocket&sid={}{parameters}", Self::SID);
        let head = Head::new("GET", "/socket.io/", &query).with_websocket(true);
        match Request::parse(&head, &Config::default()) {
            Ok(Request::Upgrade(upgrade)) => upgrade,
            other => panic!("not an upgrade: {other:?}"),
        }
    }

    /// Returns the id of the next link.
    pub(super) fn next_link(&self) -> LinkId {
        self.next_link
    }

    fn new_link(&mut self) -> LinkId {
        let link = self.next_link;
        self.next_link = link.next();
        link
    }

    fn requested(&mut self, link: LinkId, record: Record, accepted: Result<(), RequestError>) {
        match accepted {
            Ok(()) => self.ledger.insert(link, record),
            Err(error) => {
                let answer = ledger::render(&Response::Rejected(error));
                self.ledger.insert(link, Record::Answered(answer));
            }
        }
        self.drain();
    }
}

/// Renders a message in the notation of the tests.
pub(super) fn render(message: &Message) -> String {
    match message {
        Message::Text(text) => text.to_string(),
        Message::Binary(bytes) => format!("<{bytes:x}>"),
    }
}

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

mod accept;
pub use accept::Accept;

mod event;
pub use event::{AckFailure, ConnectionEvent, Pending, ProtocolViolation};

mod sockets;
pub use sockets::SocketKey;
use sockets::{Passage, Sockets};

mod acks;
pub use acks::AckRequest;
use acks::Acks;

mod commands;

mod receive;
use receive::Incomplete;

use crate::engine::{Open, Poll, Post, Received, RequestError, Session, SessionEvent, Transmit, Upgrade};
use crate::packet::{Assembler, RawJson};
use crate::time::after;
use crate::{Config, DisconnectReason, LinkError, LinkId, Message, Sid, Transport};

/// One client: its session, its sockets, and the acks it owes.
///
/// The methods come in four families. **Getters** tell how things stand. The **`handle_*`** methods take
/// what comes from the network and the clock. The **commands** ([`accept`](Self::accept),
/// [`send`](Self::send), [`disconnect`](Self::disconnect) and their neighbours) take what the application
/// wants. The **`poll_*`** methods give what has to be done. Time is an argument, and it must not run
/// backwards.
///
/// # The drain rule
///
/// After any call that takes `&mut self`: [`poll`](Self::poll) until `None`,
/// [`poll_transmit`](Self::poll_transmit) until `None`, then [`poll_timeout`](Self::poll_timeout), whose
/// answer replaces the one before.
///
/// A caller that must give way to others may stop before `poll` has returned `None`, if it goes on soon. As long as
/// [`is_behind`](Self::is_behind), it hands over no further message and no further body: what has not been read keeps its
/// sender waiting, whereas what is handed over is kept here.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Instant;
/// use socketio_core::{Accept, Config, Connection, ConnectionEvent, LinkId, Message, Sid, SocketId};
/// use socketio_core::engine::{Head, Request, Transmit};
///
/// /// What a new client on a WebSocket is sent.
/// fn greet(now: Instant) {
///     let config = Arc::new(Config::default());
///     let head = Head::new("GET", "/socket.io/", "EIO=4&transport=websocket").with_websocket(true);
///     let Ok(Request::Open(open)) = Request::parse(&head, &config) else { panic!("a handshake") };
///
///     let link = LinkId::new(0);
///     let mut connection = Connection::<()>::open(config, &Sid::from_entropy([7; 15]), &open, now);
///     connection.handle_attach(link, now);
///     connection.handle_message(link, &Message::Text("40".into()), now);
///     let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("a wish to connect") };
///     connection.accept(pending, Accept::new(SocketId::from_entropy([8; 15])));
///     while let Some(transmit) = connection.poll_transmit() {
///         if let Transmit::Message { packet, .. } = transmit {
///             println!("{}", String::from_utf8_lossy(packet.text())); // 0{"sid":…} and 40{"sid":…}
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Connection<A> {
    config: Arc<Config>,
    engine: Session,
    sockets: Sockets,
    assembler: Assembler<Incomplete>,
    acks: Acks<A>,
    events: VecDeque<ConnectionEvent<A>>,
    /// Sockets whose gate was opened while events waited at it.
    resumed: Vec<SocketKey>,
    /// How many wishes to connect the application has not answered, withdrawn ones included.
    unanswered: usize,
    /// The bytes of what came with them.
    unanswered_bytes: usize,
    /// When a client without a socket is sent away.
    connect_deadline: Option<Instant>,
    /// When a client is sent away that has announced attachments and does not send them.
    attachments_deadline: Option<Instant>,
    /// The client broke the rules: what it sent after that does not count.
    refused: bool,
    /// Whether the events of all sockets are parked.
    parked: bool,
}

/// Getters.
impl<A> Connection<A> {
    /// The transport packets go to.
    pub fn transport(&self) -> Transport {
        self.engine.transport()
    }

    /// Whether nothing will ever happen again, apart from what the `poll_*` methods still hold.
    pub fn is_finished(&self) -> bool {
        self.engine.is_finished()
    }

    /// Whether a packet that is sent now could leave at once, if nothing waits before it: there is a message stream, or a
    /// GET that waits.
    pub fn is_writable(&self) -> bool {
        self.engine.is_writable()
    }

    /// The GET whose answer has packets and has not been [delivered](Self::handle_delivered).
    pub fn undelivered(&self) -> Option<LinkId> {
        self.engine.undelivered()
    }

    /// How many bytes wait for the transport.
    pub fn queued_bytes(&self) -> usize {
        self.engine.queued_bytes()
    }

    /// Returns whether received input waits for [`poll`](Self::poll).
    ///
    /// Input that waits counts as a sign of life: the client is not silent, its turn has not come.
    pub fn is_behind(&self) -> bool {
        !self.events.is_empty() || !self.parked && !self.resumed.is_empty() || self.engine.is_behind()
    }

    /// Returns how many bytes have been received and wait to be handled: the events that wait for [`poll`](Self::poll),
    /// those that are [parked](Self::park), the rest of a body, attachments whose packet is not complete, and what came with
    /// wishes to connect that are not answered.
    pub fn received_bytes(&self) -> usize {
        let waiting = |event: &ConnectionEvent<A>| match event {
            ConnectionEvent::Received { event, .. } => event.size(),
            ConnectionEvent::Acknowledged { args, .. } => args.size(),
            _ => 0,
        };
        self.events.iter().map(waiting).sum::<usize>()
            + self.sockets.parked_bytes()
            + self.engine.unread_bytes()
            + self.unanswered_bytes
            + self.assembler.bytes()
    }

    /// How many acks are awaited.
    pub fn awaited_acks(&self) -> usize {
        self.acks.len()
    }
}

/// From the network and the clock.
impl<A> Connection<A> {
    /// The connection of a client that asked for it with `open`.
    pub fn open(config: Arc<Config>, sid: &Sid, open: &Open, now: Instant) -> Self {
        Self {
            engine: Session::open(Arc::clone(&config), sid, open, now),
            sockets: Sockets::default(),
            assembler: Assembler::new(&config),
            acks: Acks::default(),
            events: VecDeque::new(),
            resumed: Vec::new(),
            unanswered: 0,
            unanswered_bytes: 0,
            connect_deadline: Some(after(now, config.connect_timeout)),
            attachments_deadline: None,
            refused: false,
            parked: false,
            config,
        }
    }

    /// A GET has arrived and waits for packets. A client has one at a time, from its arrival until its answer has been
    /// [delivered](Self::handle_delivered).
    ///
    /// # Errors
    ///
    /// The link was not taken; it is answered with the error.
    pub fn handle_poll(&mut self, link: LinkId, poll: &Poll, now: Instant) -> Result<(), RequestError> {
        self.engine.set_answering(self.is_answering());
        let taken = self.engine.handle_poll(link, poll, now);
        self.receive(now);
        taken
    }

    /// A POST has arrived; its body comes with [`handle_body`](Self::handle_body).
    ///
    /// # Errors
    ///
    /// The link was not taken; it is answered with the error.
    pub fn handle_post(&mut self, link: LinkId, post: &Post, now: Instant) -> Result<(), RequestError> {
        let taken = self.engine.handle_post(link, post, now);
        self.receive(now);
        taken
    }

    /// The whole body of a POST has arrived. It is decoded a few packets at a time in [`poll`](Self::poll), and answered
    /// when the last has been decoded.
    pub fn handle_body(&mut self, link: LinkId, body: Bytes, now: Instant) {
        self.engine.handle_body(link, body, now);
        self.receive(now);
    }

    /// The message stream stands that the session was opened for.
    pub fn handle_attach(&mut self, link: LinkId, now: Instant) {
        self.engine.handle_attach(link, now);
        self.receive(now);
    }

    /// A message stream stands that wants to take the session over. It is closed if the session has, or
    /// is trying, another one.
    pub fn handle_upgrade(&mut self, link: LinkId, upgrade: &Upgrade, now: Instant) {
        self.engine.handle_upgrade(link, upgrade, now);
        self.receive(now);
    }

    /// A message came over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: &Message, now: Instant) {
        // What a session that has moved does not ask.
        if self.engine.is_polling() {
            self.engine.set_answering(self.is_answering());
        }
        match self.engine.read_message(link, message, now) {
            Some(_) if self.refused => {}
            Some(Received::Text { whole, text }) => self.receive_text(whole, text, now),
            Some(Received::Binary(bytes)) => self.receive_binary(bytes, now),
            None => {}
        }
        self.receive(now);
    }

    /// Bytes came on a link that are nothing whole: part of a message, a control frame, or part of the body of a POST. They
    /// are a sign of life all the same.
    ///
    /// It need not be told of each: once before [`handle_timeout`](Self::handle_timeout) is enough.
    pub fn handle_activity(&mut self, link: LinkId) {
        self.engine.handle_activity(link);
    }

    /// The last byte of a GET's answer is on its way: the client may send the next one. Answers that are a
    /// [`Response::Payload`](crate::engine::Response::Payload) are told so; of others nothing hangs on it.
    pub fn handle_delivered(&mut self, link: LinkId, now: Instant) {
        self.engine.handle_delivered(link, now);
    }

    /// What has come over a stream by now ends within a message or a frame, or not. To be called after each read, behind
    /// the messages that it completed.
    ///
    /// Bytes that flow are a sign of life, so that a message which has begun could be held for ever with a byte now and then.
    /// It must be whole within a ping interval, a ping timeout, and the time that [`Config::max_payload`] takes at 20 kB/s; the
    /// same holds for the body of a POST, and for all attachments of a packet together. Otherwise the session ends. Without
    /// this call there is no such deadline for streams.
    pub fn handle_partial(&mut self, link: LinkId, partial: bool, now: Instant) {
        self.engine.handle_partial(link, partial, now);
    }

    /// The transport has taken bytes of what was handed to it on this link: of the messages of a stream, or of the answer to
    /// a GET. `left` bytes of that wait still, those of control frames included.
    ///
    /// A client cannot answer a ping that waits behind a large message. Until the ping has left, progress is a sign of life,
    /// and the time for the answer runs from the moment when it has. Without a call, it runs from the
    /// moment when the ping was due.
    #[inline]
    pub fn handle_progress(&mut self, link: LinkId, left: usize, now: Instant) {
        self.engine.handle_progress(link, left, now);
    }

    /// A link is gone, or its answer could not be delivered.
    pub fn handle_lost(&mut self, link: LinkId, why: LinkError, now: Instant) {
        self.engine.handle_lost(link, why, now);
        self.receive(now);
    }

    /// Time has passed. Calls at any other moment than [`poll_timeout`](Self::poll_timeout) named do
    /// nothing wrong.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_behind() {
            self.engine.heard();
        }
        self.engine.handle_timeout(now);
        if self.connect_deadline.is_some_and(|deadline| now >= deadline) {
            self.engine.close(DisconnectReason::ForcedServerClose, now);
        }
        if self.attachments_deadline.is_some_and(|deadline| now >= deadline) {
            self.engine.close(DisconnectReason::ForcedClose, now);
        }
        self.receive(now);
        while let Some(token) = self.acks.take_expired(now) {
            self.events.push_back(ConnectionEvent::AckFailed { token, why: AckFailure::TimedOut });
        }
    }
}

/// To the driver.
impl<A> Connection<A> {
    /// The next thing to be done on a link. To be called after every `&mut` call, until `None`.
    #[must_use = "a link that is not served leaves its client waiting"]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.engine.poll_transmit()
    }

    /// The next event. To be called after every `&mut` call, until `None`.
    #[must_use = "an event that is not looked at is lost"]
    pub fn poll(&mut self, now: Instant) -> Option<ConnectionEvent<A>> {
        loop {
            let event = self.next_event();
            if event.is_some() || !self.engine.is_reading() {
                return event;
            }
            self.engine.read_body(now);
            self.receive(now);
        }
    }

    fn next_event(&mut self) -> Option<ConnectionEvent<A>> {
        while !self.parked
            && let Some(&socket) = self.resumed.last()
        {
            match self.sockets.unpark(socket) {
                Some((event, ack)) => {
                    self.resumed.rotate_right(1);
                    return Some(ConnectionEvent::Received { socket, event, ack });
                }
                None => self.resumed.pop(),
            };
        }
        while let Some(event) = self.events.pop_front() {
            let ConnectionEvent::Received { socket, event, ack } = event else {
                if let ConnectionEvent::Disconnected { socket, .. } = event {
                    self.sockets.retire(socket);
                }
                return Some(event);
            };
            match self.sockets.pass(socket, event, ack, self.parked, &self.config) {
                Passage::Passes(event, ack) => return Some(ConnectionEvent::Received { socket, event, ack }),
                // With its own gate open, nobody will resume it.
                Passage::Waits if self.parked => {
                    if !self.resumed.contains(&socket) {
                        self.resumed.insert(0, socket);
                    }
                }
                Passage::Waits | Passage::Dropped => {}
                // Told once it is accepted.
                Passage::Full if self.sockets.is_pending(socket) => {}
                Passage::Full => return Some(ConnectionEvent::ParkingFull { socket }),
            }
        }
        if self.events.capacity() > KEPT_EVENTS {
            self.events = VecDeque::new();
        }
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called. May change with any `&mut` call.
    #[must_use = "without its timer a connection neither pings nor dies"]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let earlier = |a: Option<Instant>, b: Option<Instant>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let deadlines = earlier(self.connect_deadline, self.attachments_deadline);
        earlier(self.engine.poll_timeout(), earlier(deadlines, self.acks.timeout()))
    }
}

impl<A> Connection<A> {
    /// Whether the client is about to be told that it is connected to a namespace, or that it is not.
    fn is_answering(&self) -> bool {
        self.unanswered > 0 || self.sockets.is_empty()
    }

    /// Takes what the session has received.
    fn receive(&mut self, now: Instant) {
        while let Some(event) = self.engine.take_event() {
            match event {
                SessionEvent::Message(_) if self.refused => {}
                SessionEvent::Message(Message::Text(text)) => self.receive_text(&text, &text, now),
                SessionEvent::Message(Message::Binary(bytes)) => self.receive_binary(bytes, now),
                SessionEvent::Upgraded => self.events.push_back(ConnectionEvent::Upgraded),
                SessionEvent::Closed(reason) => {
                    self.connect_deadline = None;
                    self.attachments_deadline = None;
                    for socket in self.sockets.keys() {
                        self.remove(socket, reason);
                    }
                    self.events.push_back(ConnectionEvent::Closed(reason));
                }
            }
        }
    }

    /// A socket is gone, by the client or with the session. What it sent before counts, if it was accepted.
    fn remove(&mut self, socket: SocketKey, reason: DisconnectReason) {
        if self.sockets.is_pending(socket) {
            self.drop_received(socket);
        }
        let coming = self.events.iter().any(
            |event| matches!(event, ConnectionEvent::Received { socket: other, .. } if *other == socket),
        );
        if self.sockets.remove(socket, coming) {
            self.ended(socket, reason);
        }
    }

    /// Tells the application the end of a socket.
    fn ended(&mut self, socket: SocketKey, reason: DisconnectReason) {
        while let Some(token) = self.acks.take_of(socket) {
            self.events.push_back(ConnectionEvent::AckFailed { token, why: AckFailure::Disconnected });
        }
        self.events.push_back(ConnectionEvent::Disconnected { socket, reason });
    }

    fn drop_received(&mut self, key: SocketKey) {
        self.events
            .retain(|event| !matches!(event, ConnectionEvent::Received { socket, .. } if *socket == key));
    }

    fn refuse(&mut self, namespace: &ByteString, message: &str, data: Option<&RawJson>) {
        self.engine.send(self.engine.revision().connect_error(namespace, message, data));
    }
}

/// Room for more events than this is given back once they are taken.
const KEPT_EVENTS: usize = 16;

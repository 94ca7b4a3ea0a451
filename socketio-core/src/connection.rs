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
use sockets::Sockets;

mod acks;
pub use acks::AckRequest;
use acks::Acks;

mod commands;

mod poll;

mod receive;

use crate::engine::{Open, Poll, Post, RequestError, Session, SessionEvent, Upgrade};
use crate::packet::{Assembler, Incomplete, RawJson};
use crate::time::after;
use crate::{Config, DisconnectReason, LinkError, LinkId, Message, Sid, Transport};

/// The connection of one client: its Engine.IO session, its sockets, and the acks it has yet to send.
///
/// A connection performs no IO. The code that does so on its behalf is called the driver. There are four groups of
/// methods: **getters** return the current state; the **`handle_*`** methods take input from the network and the clock;
/// the **commands** ([`accept`](Self::accept), [`send`](Self::send), [`disconnect`](Self::disconnect) and others) take
/// requests from the application; [`poll`](Self::poll) and the **`poll_*`** methods return work for the driver. The
/// current time is an argument and must not go backwards.
///
/// # The drain rule
///
/// After any call that takes `&mut self`, call [`poll`](Self::poll) until it returns `None`, then
/// [`poll_transmit`](Self::poll_transmit) until it returns `None`, then [`poll_timeout`](Self::poll_timeout), whose
/// result replaces the previous one.
///
/// [`poll_message`](Self::poll_message) and [`send_at_once`](Self::send_at_once) return the first event or action
/// themselves; the rule applies after them too.
///
/// A driver that must yield to other tasks may stop before `poll` has returned `None`, provided that it continues
/// soon. While [`is_behind`](Self::is_behind) returns `true`, it must not hand over further messages or bodies:
/// unread input exerts back-pressure on the client, whereas input that has been handed over is buffered here.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Instant;
/// use socketio_core::{Accept, Config, Connection, ConnectionEvent, LinkId, Message, Sid, SocketId};
/// use socketio_core::engine::{Head, Request, Transmit};
///
/// /// Prints the packets that a new client on a WebSocket receives.
/// fn greet(now: Instant) {
///     let config = Arc::new(Config::default());
///     let head = Head::new("GET", "/socket.io/", "EIO=4&transport=websocket").with_websocket(true);
///     let Ok(Request::Open(open)) = Request::parse(&head, &config) else { panic!("not a handshake") };
///
///     let link = LinkId::new(0);
///     let mut connection = Connection::<()>::open(config, &Sid::from_entropy([7; 15]), &open, now);
///     connection.handle_attach(link, now);
///     connection.handle_message(link, Message::Text("40".into()), now);
///     let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("not a connection request") };
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
    assembler: Assembler<Incomplete<SocketKey>>,
    acks: Acks<A>,
    events: VecDeque<ConnectionEvent<A>>,
    /// The sockets that were resumed while they had parked events.
    resumed: Vec<SocketKey>,
    /// The number of connection requests that the application has neither accepted nor rejected, including those that
    /// the client has withdrawn.
    unanswered: usize,
    /// The total size of the `auth` payloads of unanswered connection requests, in bytes.
    unanswered_bytes: usize,
    /// The deadline for the client to connect to its first namespace.
    connect_deadline: Option<Instant>,
    /// The deadline for the client to send the attachments that it has announced.
    attachments_deadline: Option<Instant>,
    /// Set once the client has violated the protocol: its further input is ignored.
    violated: bool,
    /// Set while the events of all sockets are being parked.
    parked: bool,
}

/// Getters.
impl<A> Connection<A> {
    /// Returns the transport that carries the packets.
    pub fn transport(&self) -> Transport {
        self.engine.transport()
    }

    /// Returns `true` if the connection has ended. The `poll` methods may still have work to return.
    pub fn is_finished(&self) -> bool {
        self.engine.is_finished()
    }

    /// Returns `true` if a packet sent now could leave at once, provided that no other packet is queued: there is a
    /// message stream, or a GET that waits for packets.
    pub fn is_writable(&self) -> bool {
        self.engine.is_writable()
    }

    /// Returns the link of the GET whose response carries packets and has not been [delivered](Self::handle_delivered)
    /// yet.
    pub fn undelivered(&self) -> Option<LinkId> {
        self.engine.undelivered()
    }

    /// Returns the number of bytes that are queued for the transport.
    ///
    /// ```
    #[doc = include_str!("connection/connected.txt")]
    /// while connection.poll_transmit().is_some() {}
    /// assert_eq!(connection.queued_bytes(), 0);
    /// let packet = Encoder::default().event("/", "greeting", "hello", None).expect("valid JSON");
    /// let size = packet.size();
    /// connection.send(socket, packet, None);
    /// assert_eq!(connection.queued_bytes(), size);
    /// ```
    pub fn queued_bytes(&self) -> usize {
        self.engine.queued_bytes()
    }

    /// Returns `true` if events or received input are waiting for [`poll`](Self::poll).
    ///
    /// Waiting input counts as a sign of life, so the heartbeat does not time out meanwhile.
    ///
    /// ```
    #[doc = include_str!("connection/connected.txt")]
    /// connection.resume(socket);
    /// connection.handle_message(link, Message::Text(r#"42["greeting"]"#.into()), now);
    /// assert!(connection.is_behind()); // hand over no further message
    /// while connection.poll(now).is_some() {}
    /// assert!(!connection.is_behind());
    /// ```
    pub fn is_behind(&self) -> bool {
        !self.events.is_empty() || !self.parked && !self.resumed.is_empty() || self.engine.is_behind()
    }

    /// Returns the number of bytes that have been received but not handled yet: events that wait for
    /// [`poll`](Self::poll), [parked](Self::park) events, the part of a body that has not been decoded, the attachments
    /// of an incomplete packet, and the `auth` payloads of unanswered connection requests.
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

    /// Returns the number of acks that the client has yet to send.
    ///
    /// ```
    #[doc = include_str!("connection/connected.txt")]
    /// let packet = Encoder::default().event("/", "ready?", "Ann", Some(AckId(0))).expect("valid JSON");
    /// connection.send(socket, packet, Some(AckRequest::new(AckId(0), "token", None)));
    /// assert_eq!(connection.awaited_acks(), 1);
    /// connection.handle_message(link, Message::Text("430[]".into()), now);
    /// assert_eq!(connection.awaited_acks(), 0);
    /// ```
    pub fn awaited_acks(&self) -> usize {
        self.acks.len()
    }
}

/// Input from the network and the clock.
impl<A> Connection<A> {
    /// Creates the connection of a client from the request that opens its session.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Instant;
    /// use socketio_core::engine::{Head, Request};
    /// use socketio_core::{Config, Connection, Sid, Transport};
    ///
    /// let config = Arc::new(Config::default());
    /// let head = Head::new("GET", "/socket.io/", "EIO=4&transport=polling");
    /// let Ok(Request::Open(open)) = Request::parse(&head, &config) else { panic!("not a handshake") };
    /// let sid = Sid::from_entropy([7; 15]); // use a cryptographic generator
    /// let connection = Connection::<()>::open(config, &sid, &open, Instant::now());
    /// assert_eq!(connection.transport(), Transport::Polling);
    /// ```
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
            violated: false,
            parked: false,
            config,
        }
    }

    /// Handles the arrival of a GET, which waits for packets. A client may have only one GET in progress at a time. A
    /// GET is in progress from its arrival until its response has been [delivered](Self::handle_delivered).
    ///
    /// # Errors
    ///
    /// Returns an error, which the driver must send as the response, if the session has ended, if its transport or
    /// revision does not match the request, or if another GET is in progress. The last case also closes the session.
    /// The link is not used after an error.
    pub fn handle_poll(&mut self, link: LinkId, poll: &Poll, now: Instant) -> Result<(), RequestError> {
        self.engine.set_answering(self.is_answering());
        let result = self.engine.handle_poll(link, poll, now);
        self.receive(now);
        result
    }

    /// Handles the arrival of a POST. Its body follows with [`handle_body`](Self::handle_body).
    ///
    /// # Errors
    ///
    /// Returns an error, which the driver must send as the response, if the session has ended, if its transport or
    /// revision does not match the request, if another POST is in progress, or if the content type is invalid. The last
    /// two cases also close the session. The link is not used after an error.
    pub fn handle_post(&mut self, link: LinkId, post: &Post, now: Instant) -> Result<(), RequestError> {
        let result = self.engine.handle_post(link, post, now);
        self.receive(now);
        result
    }

    /// Handles the complete body of a POST. It is decoded a few packets at a time by [`poll`](Self::poll); the
    /// response follows when the last packet has been decoded.
    pub fn handle_body(&mut self, link: LinkId, body: Bytes, now: Instant) {
        self.engine.handle_body(link, body, now);
        self.receive(now);
    }

    /// Handles the establishment of the message stream that this session was opened on.
    pub fn handle_attach(&mut self, link: LinkId, now: Instant) {
        self.engine.handle_attach(link, now);
        self.receive(now);
    }

    /// Handles the establishment of a message stream that the session is to be upgraded to. The stream is closed if the
    /// session has ended, already has a stream, is already probing another one, or does not allow upgrades, or if the
    /// revisions differ.
    pub fn handle_upgrade(&mut self, link: LinkId, upgrade: &Upgrade, now: Instant) {
        self.engine.handle_upgrade(link, upgrade, now);
        self.receive(now);
    }

    /// Handles a message that was received over a stream.
    ///
    /// ```
    #[doc = include_str!("connection/opened.txt")]
    /// connection.handle_message(link, Message::Text("40/chat,{\"token\":\"x\"}".into()), now);
    /// let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("not a connection request") };
    /// assert_eq!((pending.namespace(), pending.auth()), ("/chat", Some(r#"{"token":"x"}"#)));
    /// # connection.reject_unknown(pending);
    /// ```
    pub fn handle_message(&mut self, link: LinkId, message: Message, now: Instant) {
        let event = self.receive_message(link, message, now);
        self.events.extend(event);
        self.receive(now);
    }

    /// Handles received bytes that do not complete a message or body: part of a message, a control frame, or part of
    /// the body of a POST. They still count as a sign of life.
    ///
    /// Not every read has to be reported: one call before [`handle_timeout`](Self::handle_timeout) is enough.
    pub fn handle_activity(&mut self, link: LinkId) {
        self.engine.handle_activity(link);
    }

    /// Handles the delivery of the response to a GET: its last byte has been sent, so the client may send the next
    /// GET. Must be called for each [`Response::Payload`](crate::engine::Response::Payload); has no effect for other
    /// responses.
    pub fn handle_delivered(&mut self, link: LinkId, now: Instant) {
        self.engine.handle_delivered(link, now);
    }

    /// Records whether the input read from a stream so far ends inside a message or frame. Call this after each read,
    /// once the messages completed by the read have been handed over.
    ///
    /// Any byte counts as a sign of life, so a client could keep an incomplete message open forever with a byte now
    /// and then. A message must therefore be complete within the ping interval plus the ping timeout plus the time
    /// that [`Config::max_payload`] bytes take at 20 kB/s. The same limit applies to the body of a POST, and to all
    /// attachments of a packet together. The session ends when the limit is exceeded. Messages on a stream have no
    /// such limit unless this method is called.
    pub fn handle_partial(&mut self, link: LinkId, partial: bool, now: Instant) {
        self.engine.handle_partial(link, partial, now);
    }

    /// Handles progress in sending: the transport has sent some of the bytes that were handed to it on this link, as
    /// messages of a stream or as the response to a GET. `left` is the number of bytes that it has yet to send,
    /// including those of control frames.
    ///
    /// A client cannot answer a ping that is queued behind a large message. Until the ping has been sent, progress
    /// counts as a sign of life; the ping timeout then starts at the moment the ping is sent. If this method is not
    /// called, it starts at the moment the ping was due.
    #[inline]
    pub fn handle_progress(&mut self, link: LinkId, left: usize, now: Instant) {
        self.engine.handle_progress(link, left, now);
    }

    /// Handles the loss of a link, or of a response that could not be delivered.
    ///
    /// ```
    #[doc = include_str!("connection/connected.txt")]
    /// # use socketio_core::{DisconnectReason, LinkError};
    /// connection.handle_lost(link, LinkError::Closed, now);
    /// let event = connection.poll(now);
    /// assert!(matches!(
    ///     event,
    ///     Some(ConnectionEvent::Disconnected { reason: DisconnectReason::TransportClose, .. })
    /// ));
    /// ```
    pub fn handle_lost(&mut self, link: LinkId, why: LinkError, now: Instant) {
        self.engine.handle_lost(link, why, now);
        self.receive(now);
    }

    /// Handles the passage of time. Calls at times other than the one returned by
    /// [`poll_timeout`](Self::poll_timeout) are harmless.
    ///
    /// ```
    #[doc = include_str!("connection/opened.txt")]
    /// while connection.poll_transmit().is_some() {} // the OPEN packet
    /// let ping = connection.poll_timeout().expect("the next ping");
    /// connection.handle_timeout(ping);
    /// let Some(Transmit::Message { packet, .. }) = connection.poll_transmit() else { panic!("a ping") };
    /// assert_eq!(packet.text(), b"2");
    /// ```
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

impl<A> Connection<A> {
    /// Returns `true` if a reply to a connection request is expected soon: a request is unanswered, or the client has
    /// no sockets.
    fn is_answering(&self) -> bool {
        self.unanswered > 0 || self.sockets.is_empty()
    }

    /// Handles the events of the session, such as received messages and its end.
    fn receive(&mut self, now: Instant) {
        while let Some(event) = self.engine.take_event() {
            match event {
                SessionEvent::Message(_) if self.violated => {}
                SessionEvent::Message(Message::Text(text)) => {
                    let event = self.receive_text(text, 0, now);
                    self.events.extend(event);
                }
                SessionEvent::Message(Message::Binary(bytes)) => {
                    let event = self.receive_binary(bytes, now);
                    self.events.extend(event);
                }
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

    /// Removes a socket that the client has disconnected or that ends with the session. If the socket was accepted, the
    /// events received before are still delivered.
    fn remove(&mut self, socket: SocketKey, reason: DisconnectReason) {
        if self.sockets.is_pending(socket) {
            self.drop_received(socket);
        }
        let has_queued = self.events.iter().any(
            |event| matches!(event, ConnectionEvent::Received { socket: other, .. } if *other == socket),
        );
        if self.sockets.remove(socket, has_queued) {
            self.report_end(socket, reason);
        }
    }

    /// Reports the end of a socket to the application.
    fn report_end(&mut self, socket: SocketKey, reason: DisconnectReason) {
        while let Some(token) = self.acks.take_of(socket) {
            self.events.push_back(ConnectionEvent::AckFailed { token, why: AckFailure::Disconnected });
        }
        self.events.push_back(ConnectionEvent::Disconnected { socket, reason });
    }

    fn drop_received(&mut self, key: SocketKey) {
        self.events
            .retain(|event| !matches!(event, ConnectionEvent::Received { socket, .. } if *socket == key));
    }

    fn send_connect_error(&mut self, namespace: &ByteString, message: &str, data: Option<&RawJson>) {
        self.engine.send(self.engine.revision().connect_error(namespace, message, data));
    }
}

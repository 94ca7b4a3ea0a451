use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;

use super::sockets::Sockets;
use super::{
    Action, ConnectionEvent, Disconnected, Handshake, ProtocolViolation, Session, SessionEvent, SocketKey,
};
use crate::namespace::NamespacePath;
use crate::packet::{self, AckId, Assembler, Encoder, Incomplete, PacketKind, RawArgs, RawJson};
use crate::{Config, Encoded, LinkId, Message, Revision, Transport};

/// A Socket.IO client: its session, and its sockets on namespaces.
///
/// `A` is a token stored with each event that requests an ack, and returned with the ack. If no ack arrives, the token
/// is dropped with its socket.
///
/// See the [module documentation](super) for the drain rule and an example.
#[derive(Debug)]
pub struct Connection<A> {
    session: Session,
    sockets: Sockets<A>,
    assembler: Assembler<Incomplete<SocketKey>>,
    events: VecDeque<ConnectionEvent<A>>,
}

/// State of the connection.
impl<A> Connection<A> {
    /// Returns the data that the server sent when it opened the session, or `None` before that.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.session.handshake()
    }

    /// Returns the transport that packets are sent over, or `None` if the session has ended.
    pub fn transport(&self) -> Option<Transport> {
        self.session.transport()
    }

    /// Returns the query of the next request over `transport`; see [`Session::query`].
    pub fn query(&self, transport: Transport) -> String {
        self.session.query(transport)
    }

    /// Returns `true` if the socket is connected, as far as the client knows.
    pub fn is_connected(&self, socket: SocketKey) -> bool {
        self.sockets.is_connected(socket)
    }
}

/// Input from the network.
impl<A> Connection<A> {
    /// Creates a client that opens its session over `transport`.
    pub fn open(revision: Revision, transport: Transport) -> Self {
        // The limits protect servers; a client has chosen its server.
        let config = Config { max_payload: usize::MAX, ..Config::default() };
        Self {
            session: Session::open(revision, transport),
            sockets: Sockets::default(),
            assembler: Assembler::new(&config),
            events: VecDeque::new(),
        }
    }

    /// Handles the body of a response with status 200.
    pub fn handle_answer(&mut self, link: LinkId, body: Bytes) {
        self.session.handle_answer(link, body);
    }

    /// Handles a message received over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: Message) {
        self.session.handle_message(link, message);
    }

    /// Handles the end of a stream, or a request that failed or got a status other than 200.
    pub fn handle_lost(&mut self, link: LinkId) {
        self.session.handle_lost(link);
    }
}

/// Requests of the application.
impl<A> Connection<A> {
    /// Sends a connection request for a namespace. An existing socket on that namespace is disconnected first. Returns
    /// `None` if the session has ended or is closing.
    pub fn connect(&mut self, namespace: &NamespacePath, auth: Option<&RawJson>) -> Option<SocketKey> {
        let packet = self.session.revision().connect_request(namespace.as_str(), auth);
        if !self.session.send(packet) {
            return None;
        }
        if let Some(previous) = self.sockets.find(namespace.as_str()) {
            self.remove(previous, Disconnected::ByClient);
        }
        Some(self.sockets.insert(namespace.clone()))
    }

    /// Sends a packet encoded for the socket's namespace: an event, or the ack of one. Returns `false` if the socket is
    /// not connected.
    pub fn send(&mut self, socket: SocketKey, packet: Encoded) -> bool {
        self.sockets.is_connected(socket) && self.session.send(packet)
    }

    /// Sends an event that was encoded with the ack id `id`, and stores `token` until the ack arrives. Replaces the
    /// token of an earlier event with the same id. Returns `false` if the socket is not connected.
    pub fn ask(&mut self, socket: SocketKey, packet: Encoded, id: AckId, token: A) -> bool {
        let sent = self.send(socket, packet);
        if sent {
            self.sockets.expect_ack(socket, id, token);
        }
        sent
    }

    /// Disconnects a socket from its namespace, or abandons its connection request. The session stays open. Returns
    /// `false` if the socket no longer exists.
    pub fn disconnect(&mut self, socket: SocketKey) -> bool {
        let namespace = self.remove(socket, Disconnected::ByClient);
        namespace.is_some_and(|namespace| {
            let packet = self.session.revision().disconnect(namespace.as_str());
            self.session.send(packet)
        })
    }

    /// Starts an upgrade to a message stream of this transport; see [`Session::upgrade`].
    pub fn upgrade(&mut self, transport: Transport) -> bool {
        self.session.upgrade(transport)
    }

    /// Closes the session after the packets already queued; see [`Session::close`].
    pub fn close(&mut self) {
        self.session.close();
    }

    /// Ends the session immediately, as if the network had failed. Queued packets are dropped.
    pub fn abort(&mut self) {
        self.session.abort();
    }

    /// Enables replies to pings. Default: `true`. A server closes the session of a client that does not reply.
    pub fn answer_pings(&mut self, answer: bool) {
        self.session.answer_pings(answer);
    }
}

/// Output.
impl<A> Connection<A> {
    /// Returns the next event.
    pub fn poll(&mut self) -> Option<ConnectionEvent<A>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.session.poll()? {
                SessionEvent::Opened(handshake) => return Some(ConnectionEvent::Opened(handshake)),
                SessionEvent::Upgraded => return Some(ConnectionEvent::Upgraded),
                SessionEvent::UpgradeFailed => return Some(ConnectionEvent::UpgradeFailed),
                SessionEvent::Message(message) => {
                    let result = match message {
                        Message::Text(text) => self.take_text(&text),
                        Message::Binary(bytes) => self.take_binary(bytes),
                    };
                    if let Err(violation) = result {
                        self.session.fail(violation);
                    }
                }
                SessionEvent::Closed(closed) => {
                    let how = Disconnected::WithConnection;
                    let ended =
                        self.sockets.drain().map(|socket| ConnectionEvent::Disconnected { socket, how });
                    self.events.extend(ended);
                    self.events.push_back(ConnectionEvent::Closed(closed));
                }
            }
        }
    }

    /// Returns the next action for the driver.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.session.poll_action()
    }
}

/// Decoding of the session's messages.
impl<A> Connection<A> {
    fn take_text(&mut self, text: &ByteString) -> Result<(), ProtocolViolation> {
        self.assembler.text_arrived()?;
        let packet = self.session.revision().decode(text, Encoder::MAX_ATTACHMENTS as usize)?;
        // Packets for a socket that has left are late. While a connection request is pending, they belong to the
        // previous socket.
        let socket = self.sockets.find(packet.namespace);
        let connected = socket.filter(|socket| self.sockets.is_connected(*socket));
        let connecting = socket.filter(|socket| !self.sockets.is_connected(*socket));
        let (incomplete, attachments) = match packet.kind {
            PacketKind::Connect { auth } => {
                if let Some(socket) = connecting {
                    let id =
                        self.session.revision().read_connected(auth).ok_or(ProtocolViolation::Connect)?;
                    self.sockets.connect(socket, id);
                    self.events.push_back(ConnectionEvent::Connected { socket, id });
                }
                return Ok(());
            }
            PacketKind::ConnectError { data } => {
                if let Some(socket) = connecting {
                    let error = self.session.revision().read_connect_error(data);
                    let error = error.ok_or(ProtocolViolation::Connect)?;
                    self.sockets.remove(socket);
                    self.events.push_back(ConnectionEvent::Rejected { socket, error });
                }
                return Ok(());
            }
            PacketKind::Disconnect => {
                if let Some(socket) = connected {
                    self.remove(socket, Disconnected::ByServer);
                }
                return Ok(());
            }
            PacketKind::Event(head) => {
                let (ack, attachments) = (head.id, head.attachments);
                let event = |socket| Incomplete::Event { socket, event: packet::Event::new(text, head), ack };
                (connected.map_or(Incomplete::Ignored, event), attachments)
            }
            PacketKind::Ack { id, attachments, args } => {
                let ack = |socket| Incomplete::Ack { socket, id, args: RawArgs::of_ack(text, args) };
                (connected.map_or(Incomplete::Ignored, ack), attachments)
            }
        };
        if attachments > 0 {
            self.assembler.start(incomplete, attachments);
            return Ok(());
        }
        self.complete(incomplete, Vec::new())
    }

    fn take_binary(&mut self, bytes: Bytes) -> Result<(), ProtocolViolation> {
        match self.assembler.push(bytes)? {
            Some((incomplete, attachments)) => self.complete(incomplete, attachments),
            None => Ok(()),
        }
    }

    fn complete(
        &mut self,
        incomplete: Incomplete<SocketKey>,
        attachments: Vec<Bytes>,
    ) -> Result<(), ProtocolViolation> {
        match incomplete {
            Incomplete::Event { socket, event, ack } => {
                let event = event.with_attachments(attachments);
                check(event.args())?;
                // The socket may have been disconnected while attachments were arriving.
                if self.sockets.is_connected(socket) {
                    self.events.push_back(ConnectionEvent::Received { socket, event, ack });
                }
            }
            Incomplete::Ack { socket, id, args } => {
                let args = args.with_attachments(attachments);
                check(&args)?;
                if let Some(token) = self.sockets.take_ack(socket, id) {
                    self.events.push_back(ConnectionEvent::Acknowledged { token, args });
                }
            }
            Incomplete::Ignored => {}
        }
        Ok(())
    }

    fn remove(&mut self, socket: SocketKey, how: Disconnected) -> Option<NamespacePath> {
        let namespace = self.sockets.remove(socket);
        if namespace.is_some() {
            self.events.push_back(ConnectionEvent::Disconnected { socket, how });
        }
        namespace
    }
}

fn check(args: &RawArgs) -> Result<(), ProtocolViolation> {
    if args.is_consistent() { Ok(()) } else { Err(ProtocolViolation::Placeholder) }
}

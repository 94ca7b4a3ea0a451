use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;

use super::sockets::Sockets;
use super::{
    Action, ConnectionEvent, Disconnected, Handshake, ProtocolViolation, Session, SessionEvent, SocketKey,
};
use crate::namespace::NamespacePath;
use crate::packet::{self, AckId, Assembler, Encoder, PacketKind, RawArgs, RawJson};
use crate::{Config, Encoded, LinkId, Message, Revision, Transport};

/// A client of Socket.IO: its session, and its sockets on namespaces.
///
/// `A` is a token that is left with an event whose answer is awaited, and comes back with the answer. If there will be none,
/// it is dropped with its socket.
///
/// The [module](super) has the rule by which it is driven, and an example.
#[derive(Debug)]
pub struct Connection<A> {
    session: Session,
    sockets: Sockets<A>,
    assembler: Assembler<Incomplete>,
    events: VecDeque<ConnectionEvent<A>>,
}

/// A packet whose attachments have not all arrived.
#[derive(Debug)]
enum Incomplete {
    ConnectionEvent {
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
    },
    Ack {
        socket: SocketKey,
        id: AckId,
        args: RawArgs,
    },
    /// For a socket that is gone.
    Ignored,
}

/// Getters.
impl<A> Connection<A> {
    /// Returns what the server said when it opened the session; none before that.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.session.handshake()
    }

    /// Returns the transport that packets go to; none if the session has ended.
    pub fn transport(&self) -> Option<Transport> {
        self.session.transport()
    }

    /// Returns the query of the next request over this transport: see [`Session::query`].
    pub fn query(&self, transport: Transport) -> String {
        self.session.query(transport)
    }

    /// Whether a socket is connected, as far as the client knows.
    pub fn is_connected(&self, socket: SocketKey) -> bool {
        self.sockets.is_connected(socket)
    }
}

/// From the network.
impl<A> Connection<A> {
    /// A client whose session is to be opened over this transport.
    pub fn open(revision: Revision, transport: Transport) -> Self {
        // The bounds are for those that serve strangers; a client has chosen its server.
        let config = Config { max_payload: usize::MAX, ..Config::default() };
        Self {
            session: Session::open(revision, transport),
            sockets: Sockets::default(),
            assembler: Assembler::new(&config),
            events: VecDeque::new(),
        }
    }

    /// A request was answered with the status 200 and this body.
    pub fn handle_answer(&mut self, link: LinkId, body: Bytes) {
        self.session.handle_answer(link, body);
    }

    /// A message came over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: &Message) {
        self.session.handle_message(link, message);
    }

    /// A request was refused, was answered with another status than 200, or has failed; or a stream has ended.
    pub fn handle_lost(&mut self, link: LinkId) {
        self.session.handle_lost(link);
    }
}

/// From the application.
impl<A> Connection<A> {
    /// Asks to be connected to a namespace. A socket that the client has there leaves first. None if the session has ended or
    /// is about to.
    pub fn connect(&mut self, namespace: &NamespacePath, auth: Option<&RawJson>) -> Option<SocketKey> {
        let packet = self.session.revision().connect_request(namespace.as_str(), auth);
        if !self.session.send(packet) {
            return None;
        }
        if let Some(before) = self.sockets.on(namespace.as_str()) {
            self.remove(before, Disconnected::ByClient);
        }
        Some(self.sockets.insert(namespace.clone()))
    }

    /// Sends a packet, which must have been encoded for the socket's namespace: an event, or the answer to one. False if the
    /// socket is not connected.
    pub fn send(&mut self, socket: SocketKey, packet: Encoded) -> bool {
        self.sockets.is_connected(socket) && self.session.send(packet)
    }

    /// Sends an event that was encoded with this id, and awaits the answer. An answer that was awaited under the same id is no
    /// more. False if the socket is not connected.
    pub fn ask(&mut self, socket: SocketKey, packet: Encoded, id: AckId, token: A) -> bool {
        let sent = self.send(socket, packet);
        if sent {
            self.sockets.ask(socket, id, token);
        }
        sent
    }

    /// Leaves the namespace of a socket, or gives up to ask for it. The session stays. False if the socket is gone.
    pub fn disconnect(&mut self, socket: SocketKey) -> bool {
        let namespace = self.remove(socket, Disconnected::ByClient);
        namespace.is_some_and(|namespace| {
            let packet = self.session.revision().disconnect(namespace.as_str());
            self.session.send(packet)
        })
    }

    /// Tries a message stream of this transport out, to move there: see [`Session::upgrade`].
    pub fn upgrade(&mut self, transport: Transport) -> bool {
        self.session.upgrade(transport)
    }

    /// Ends the session in order, after what was sent: see [`Session::close`].
    pub fn close(&mut self) {
        self.session.close();
    }

    /// Ends the session at once, as when the network is lost: what waits is dropped.
    pub fn abort(&mut self) {
        self.session.abort();
    }

    /// Sets whether pings are answered, as they are by default. A server gives up a client that answers none.
    pub fn answer_pings(&mut self, answer: bool) {
        self.session.answer_pings(answer);
    }
}

/// What has to be done.
impl<A> Connection<A> {
    /// Returns what has happened.
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
                    let taken = match message {
                        Message::Text(text) => self.take_text(&text),
                        Message::Binary(bytes) => self.take_binary(bytes),
                    };
                    if let Err(violation) = taken {
                        self.session.refuse(violation);
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

    /// Returns what the driver has to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.session.poll_action()
    }
}

/// What Socket.IO makes of the session's messages.
impl<A> Connection<A> {
    fn take_text(&mut self, text: &ByteString) -> Result<(), ProtocolViolation> {
        self.assembler.text_arrived()?;
        let packet = self.session.revision().decode(text, Encoder::MAX_ATTACHMENTS as usize)?;
        // What comes for a socket that has left is late. While one asks, it is for the one before.
        let socket = self.sockets.on(packet.namespace);
        let connected = socket.filter(|socket| self.sockets.is_connected(*socket));
        let asking = socket.filter(|socket| !self.sockets.is_connected(*socket));
        let (incomplete, attachments) = match packet.kind {
            PacketKind::Connect { auth } => {
                if let Some(socket) = asking {
                    let id =
                        self.session.revision().read_connected(auth).ok_or(ProtocolViolation::Connect)?;
                    self.sockets.connect(socket, id);
                    self.events.push_back(ConnectionEvent::Connected { socket, id });
                }
                return Ok(());
            }
            PacketKind::ConnectError { data } => {
                if let Some(socket) = asking {
                    let refusal = self.session.revision().read_connect_error(data);
                    let refusal = refusal.ok_or(ProtocolViolation::Connect)?;
                    self.sockets.remove(socket);
                    self.events.push_back(ConnectionEvent::Refused { socket, refusal });
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
                let event = |socket| Incomplete::ConnectionEvent {
                    socket,
                    event: packet::Event::new(text, head),
                    ack,
                };
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

    fn complete(&mut self, incomplete: Incomplete, attachments: Vec<Bytes>) -> Result<(), ProtocolViolation> {
        match incomplete {
            Incomplete::ConnectionEvent { socket, event, ack } => {
                let event = event.with_attachments(attachments);
                check(event.args())?;
                // Left before its last attachment came.
                if self.sockets.is_connected(socket) {
                    self.events.push_back(ConnectionEvent::Received { socket, event, ack });
                }
            }
            Incomplete::Ack { socket, id, args } => {
                let args = args.with_attachments(attachments);
                check(&args)?;
                if let Some(token) = self.sockets.answered(socket, id) {
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

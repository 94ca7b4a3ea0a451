use std::collections::{BTreeMap, BTreeSet, VecDeque};

use socketio_core::packet::AckId;
use socketio_core::{ConnectionEvent, DisconnectReason, Pending, SocketKey};

/// The application: a double that accepts or refuses, keeps a log, and checks the promises that a
/// connection makes to an application.
///
/// The log has one line for each event, the simplest thing that can be compared:
///
/// ```text
/// connect /chat {"token":1}
/// /chat hello 1,"two"            an event with its arguments
/// /chat ask 1 #7                 an event whose sender awaits an answer under id 7
/// answer 3: "yes"                the answer to what was asked with token 3
/// no answer 3: TimedOut
/// left /chat: transport close
/// upgraded
/// closed: transport close
/// ```
#[derive(Debug, Default)]
pub struct App {
    log: Vec<String>,
    welcomes: BTreeMap<String, Welcome>,
    sockets: BTreeMap<SocketKey, Standing>,
    pending: VecDeque<Pending>,
    awaited: BTreeSet<Token>,
    last_token: u32,
    closed: Option<DisconnectReason>,
}

/// What comes back with the answer to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u32);

/// What the application does when a client asks to be connected to a namespace.
#[derive(Debug, Clone, Default)]
pub enum Welcome {
    /// Accepts, and takes events at once.
    #[default]
    Accept,
    /// Accepts, and goes on with its connect handler: events are parked until
    /// [`Server::resume`](super::Server::resume).
    AcceptBusy,
    /// Refuses with this message.
    Reject(String),
    /// Thinks about it, until [`Server::decide`](super::Server::decide).
    Wait,
}

/// What the application knows of a socket.
#[derive(Debug)]
struct Standing {
    namespace: String,
    held: bool,
    gone: bool,
    /// Whether the server has disconnected it.
    disconnected: bool,
    /// The highest counter that an event named `n` carried.
    counted: Option<u64>,
}

impl App {
    /// The log since the last call.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// What to do for clients that ask for `namespace`.
    pub fn welcome(&mut self, namespace: &str, welcome: Welcome) {
        self.welcomes.insert(namespace.to_owned(), welcome);
    }

    /// The socket that is connected to `namespace` now.
    pub fn socket(&self, namespace: &str) -> Option<SocketKey> {
        let live =
            |(_, standing): &(&SocketKey, &Standing)| !standing.gone && standing.namespace == namespace;
        self.sockets.iter().rev().find(live).map(|(key, _)| *key)
    }

    /// The last socket that was connected to `namespace`, whether or not it still is.
    pub fn last_socket(&self, namespace: &str) -> Option<SocketKey> {
        let of = |(_, standing): &(&SocketKey, &Standing)| standing.namespace == namespace;
        self.sockets.iter().rev().find(of).map(|(key, _)| *key)
    }

    /// A socket that was connected once, whether or not it still is.
    pub fn any_socket(&self, index: usize) -> Option<SocketKey> {
        let count = self.sockets.len();
        self.sockets.keys().nth(index.checked_rem(count)?).copied()
    }

    /// The namespace of a socket.
    pub fn namespace(&self, socket: SocketKey) -> &str {
        &self.sockets[&socket].namespace
    }

    /// Why the connection is over, if it is.
    pub fn closed(&self) -> Option<DisconnectReason> {
        self.closed
    }

    /// How many sockets are connected.
    pub fn connected(&self) -> usize {
        self.sockets.values().filter(|standing| !standing.gone).count()
    }

    /// A new token, which from now on must come back once.
    pub(super) fn expect_answer(&mut self) -> Token {
        self.last_token += 1;
        let token = Token(self.last_token);
        self.awaited.insert(token);
        token
    }

    /// How many tokens have not come back.
    pub(super) fn awaited(&self) -> usize {
        self.awaited.len()
    }

    pub(super) fn next_pending(&mut self) -> Option<Pending> {
        self.pending.pop_front()
    }

    pub(super) fn accepted(&mut self, socket: SocketKey, namespace: &str) {
        let standing = Standing {
            namespace: namespace.to_owned(),
            held: true,
            gone: false,
            disconnected: false,
            counted: None,
        };
        assert!(self.closed.is_none(), "accepted by a connection that is over");
        let before = self.sockets.insert(socket, standing);
        assert!(before.is_none(), "{socket:?} was there before");
    }

    pub(super) fn hold(&mut self, socket: SocketKey, held: bool) {
        if let Some(standing) = self.sockets.get_mut(&socket) {
            standing.held = held;
        }
    }

    /// Takes an event; what is to be done for it comes back.
    pub(super) fn take(&mut self, event: ConnectionEvent<Token>) -> Reaction {
        let may_be_late =
            matches!(event, ConnectionEvent::AckFailed { .. } | ConnectionEvent::Received { .. });
        assert!(self.closed.is_none() || may_be_late, "{event:?} after Closed");
        match event {
            ConnectionEvent::Connect(pending) => return self.greet(pending),
            ConnectionEvent::Received { socket, event, ack } => {
                let standing = self.sockets.get_mut(&socket).expect("events of accepted sockets only");
                assert!(!standing.disconnected, "an event for a socket that the server has disconnected");
                assert!(!standing.held, "an event while events are parked");
                let binary: String = event.args().attachments().iter().map(|b| format!(" <{b:x}>")).collect();
                let id = ack.map(|AckId(id)| format!(" #{id}")).unwrap_or_default();
                let (namespace, json) = (&standing.namespace, event.args().json());
                if event.name() == "n"
                    && let Ok(counter) = event.args().first::<u64>()
                {
                    assert!(standing.counted < Some(counter), "{counter} after {:?}", standing.counted);
                    standing.counted = Some(counter);
                }
                self.log
                    .push(format!("{namespace} {} {json}{binary}{id}", event.name()).trim_end().to_owned());
                if let Some(id) = ack {
                    return Reaction::Answer(socket, id);
                }
            }
            ConnectionEvent::Acknowledged { token, args } => {
                assert!(self.awaited.remove(&token), "{token:?} came back twice");
                let binary: String = args.attachments().iter().map(|b| format!(" <{b:x}>")).collect();
                self.log.push(format!("answer {}: {}{binary}", token.0, args.json()));
            }
            ConnectionEvent::AckFailed { token, why } => {
                assert!(self.awaited.remove(&token), "{token:?} came back twice");
                self.log.push(format!("no answer {}: {why:?}", token.0));
            }
            ConnectionEvent::Disconnected { socket, reason } => {
                let standing = self.sockets.get_mut(&socket).expect("accepted sockets disconnect");
                assert!(!standing.gone, "disconnected twice");
                standing.gone = true;
                standing.disconnected = reason == DisconnectReason::ServerNamespaceDisconnect;
                self.log.push(format!("left {}: {reason}", standing.namespace));
            }
            ConnectionEvent::ParkingFull { socket } => {
                let namespace = &self.sockets.get(&socket).expect("a socket that was accepted").namespace;
                self.log.push(format!("too much waits: {namespace}"));
                return Reaction::Disconnect(socket);
            }
            ConnectionEvent::ProtocolViolation(violation) => self.log.push(format!("violated: {violation}")),
            ConnectionEvent::Upgraded => self.log.push("upgraded".to_owned()),
            ConnectionEvent::Closed(reason) => {
                assert_eq!(self.connected(), 0, "sockets are disconnected before the connection is over");
                assert!(self.awaited.is_empty(), "tokens come back before the connection is over");
                self.closed = Some(reason);
                self.log.push(format!("closed: {reason}"));
            }
            other => panic!("an event that the simulator does not know: {other:?}"),
        }
        Reaction::Nothing
    }

    fn greet(&mut self, pending: Pending) -> Reaction {
        let auth = pending.auth().unwrap_or_default();
        self.log.push(format!("connect {} {auth}", pending.namespace()).trim_end().to_owned());
        match self.welcomes.get(pending.namespace()).cloned().unwrap_or_default() {
            Welcome::Wait => {
                self.pending.push_back(pending);
                Reaction::Nothing
            }
            welcome => Reaction::Greet(pending, welcome),
        }
    }
}

/// What the application wants after an event.
#[derive(Debug)]
pub(super) enum Reaction {
    Nothing,
    Greet(Pending, Welcome),
    Answer(SocketKey, AckId),
    Disconnect(SocketKey),
}

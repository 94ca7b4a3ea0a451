use std::collections::{BTreeMap, BTreeSet, VecDeque};

use socketio_core::packet::AckId;
use socketio_core::{ConnectionEvent, DisconnectReason, Pending, SocketKey};

/// A mock application that accepts or rejects clients, keeps a log, and checks the guarantees that a connection gives
/// to an application.
///
/// The log has one line per event:
///
/// ```text
/// connect /chat {"token":1}
/// /chat hello 1,"two"            an event with its arguments
/// /chat ask 1 #7                 an event that requests an ack with id 7
/// answer 3: "yes"                the ack for the request with token 3
/// no answer 3: TimedOut
/// left /chat: transport close
/// upgraded
/// closed: transport close
/// ```
#[derive(Debug, Default)]
pub struct App {
    log: Vec<String>,
    welcomes: BTreeMap<String, Welcome>,
    sockets: BTreeMap<SocketKey, SocketState>,
    pending: VecDeque<Pending>,
    awaited: BTreeSet<Token>,
    last_token: u32,
    closed: Option<DisconnectReason>,
}

/// A token that is returned with the ack of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u32);

/// The application's response to a connection request.
#[derive(Debug, Clone, Default)]
pub enum Welcome {
    /// Accepts, and handles events at once.
    #[default]
    Accept,
    /// Accepts with a connect handler that is still running: events are parked until
    /// [`Server::resume`](super::Server::resume).
    AcceptBusy,
    /// Rejects with this message.
    Reject(String),
    /// Postpones the decision until [`Server::decide`](super::Server::decide).
    Wait,
}

/// The application's state of a socket.
#[derive(Debug)]
struct SocketState {
    namespace: String,
    parked: bool,
    gone: bool,
    /// Set once the server has disconnected it.
    disconnected: bool,
    /// The last counter received in an event named `n`.
    counted: Option<u64>,
}

impl App {
    /// Takes the log since the last call.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// Sets the response to connection requests for `namespace`.
    pub fn welcome(&mut self, namespace: &str, welcome: Welcome) {
        self.welcomes.insert(namespace.to_owned(), welcome);
    }

    /// Returns the socket currently connected to `namespace`.
    pub fn socket(&self, namespace: &str) -> Option<SocketKey> {
        let live = |(_, state): &(&SocketKey, &SocketState)| !state.gone && state.namespace == namespace;
        self.sockets.iter().rev().find(live).map(|(key, _)| *key)
    }

    /// Returns the last socket that was connected to `namespace`, even if it is gone.
    pub fn last_socket(&self, namespace: &str) -> Option<SocketKey> {
        let of = |(_, state): &(&SocketKey, &SocketState)| state.namespace == namespace;
        self.sockets.iter().rev().find(of).map(|(key, _)| *key)
    }

    /// Returns a socket picked by `index` from all that were ever connected.
    pub fn any_socket(&self, index: usize) -> Option<SocketKey> {
        let count = self.sockets.len();
        self.sockets.keys().nth(index.checked_rem(count)?).copied()
    }

    /// Returns the namespace of a socket.
    pub fn namespace(&self, socket: SocketKey) -> &str {
        &self.sockets[&socket].namespace
    }

    /// Returns the disconnect reason if the connection is closed.
    pub fn closed(&self) -> Option<DisconnectReason> {
        self.closed
    }

    /// Returns the number of connected sockets.
    pub fn connected(&self) -> usize {
        self.sockets.values().filter(|state| !state.gone).count()
    }

    /// Creates a token, which must be returned exactly once.
    pub(super) fn expect_answer(&mut self) -> Token {
        self.last_token += 1;
        let token = Token(self.last_token);
        self.awaited.insert(token);
        token
    }

    /// Returns the number of tokens that have not been returned.
    pub(super) fn awaited(&self) -> usize {
        self.awaited.len()
    }

    pub(super) fn next_pending(&mut self) -> Option<Pending> {
        self.pending.pop_front()
    }

    pub(super) fn accepted(&mut self, socket: SocketKey, namespace: &str) {
        let state = SocketState {
            namespace: namespace.to_owned(),
            parked: true,
            gone: false,
            disconnected: false,
            counted: None,
        };
        assert!(self.closed.is_none(), "accepted by a closed connection");
        let before = self.sockets.insert(socket, state);
        assert!(before.is_none(), "{socket:?} was accepted before");
    }

    pub(super) fn hold(&mut self, socket: SocketKey, parked: bool) {
        if let Some(state) = self.sockets.get_mut(&socket) {
            state.parked = parked;
        }
    }

    /// Handles an event and returns the application's reaction.
    pub(super) fn take(&mut self, event: ConnectionEvent<Token>) -> Reaction {
        let may_be_late =
            matches!(event, ConnectionEvent::AckFailed { .. } | ConnectionEvent::Received { .. });
        assert!(self.closed.is_none() || may_be_late, "{event:?} after Closed");
        match event {
            ConnectionEvent::Connect(pending) => return self.greet(pending),
            ConnectionEvent::Received { socket, event, ack } => {
                let state = self.sockets.get_mut(&socket).expect("events of accepted sockets only");
                assert!(!state.disconnected, "an event for a socket that the server has disconnected");
                assert!(!state.parked, "an event while events are parked");
                let binary: String = event.args().attachments().iter().map(|b| format!(" <{b:x}>")).collect();
                let id = ack.map(|AckId(id)| format!(" #{id}")).unwrap_or_default();
                let (namespace, json) = (&state.namespace, event.args().json());
                if event.name() == "n"
                    && let Ok(counter) = event.args().first::<u64>()
                {
                    assert!(state.counted < Some(counter), "{counter} after {:?}", state.counted);
                    state.counted = Some(counter);
                }
                self.log
                    .push(format!("{namespace} {} {json}{binary}{id}", event.name()).trim_end().to_owned());
                if let Some(id) = ack {
                    return Reaction::Answer(socket, id);
                }
            }
            ConnectionEvent::Acknowledged { token, args } => {
                assert!(self.awaited.remove(&token), "{token:?} was returned twice");
                let binary: String = args.attachments().iter().map(|b| format!(" <{b:x}>")).collect();
                self.log.push(format!("answer {}: {}{binary}", token.0, args.json()));
            }
            ConnectionEvent::AckFailed { token, why } => {
                assert!(self.awaited.remove(&token), "{token:?} was returned twice");
                self.log.push(format!("no answer {}: {why:?}", token.0));
            }
            ConnectionEvent::Disconnected { socket, reason } => {
                let state = self.sockets.get_mut(&socket).expect("accepted sockets disconnect");
                assert!(!state.gone, "disconnected twice");
                state.gone = true;
                state.disconnected = reason == DisconnectReason::ServerNamespaceDisconnect;
                self.log.push(format!("left {}: {reason}", state.namespace));
            }
            ConnectionEvent::ParkingFull { socket } => {
                let namespace = &self.sockets.get(&socket).expect("a socket that was accepted").namespace;
                self.log.push(format!("too much waits: {namespace}"));
                return Reaction::Disconnect(socket);
            }
            ConnectionEvent::ProtocolViolation(violation) => self.log.push(format!("violated: {violation}")),
            ConnectionEvent::Upgraded => self.log.push("upgraded".to_owned()),
            ConnectionEvent::Closed(reason) => {
                assert_eq!(self.connected(), 0, "sockets are disconnected before the connection is closed");
                assert!(self.awaited.is_empty(), "tokens are returned before the connection is closed");
                self.closed = Some(reason);
                self.log.push(format!("closed: {reason}"));
            }
            other => panic!("an event unknown to the simulator: {other:?}"),
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

/// The application's reaction to an event.
#[derive(Debug)]
pub(super) enum Reaction {
    Nothing,
    Greet(Pending, Welcome),
    Answer(SocketKey, AckId),
    Disconnect(SocketKey),
}

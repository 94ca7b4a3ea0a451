use std::time::Instant;

use bytestring::ByteString;
use socketio_core::{DisconnectReason, SocketKey};

use crate::handler::{BoxFuture, ConnectContext, ConnectError, DisconnectContext};
use crate::namespace::{Barred, Membership};
use crate::observer::Observation;
use crate::panics::contained;
use crate::session::SocketName;
use crate::socket::Socket;

/// A socket as the task of its session keeps it. Dropped, it leaves its rooms.
#[derive(Debug)]
pub(super) struct LocalSocket {
    pub(super) socket: Socket,
    /// How many of its handlers have not ended.
    pub(super) running: usize,
    /// Whether an async filter decides on one of its events.
    pub(super) filtering: bool,
    /// Whether its events are parked because it is [full](Self::is_full).
    pub(super) held: bool,
    /// What came with its wish to connect.
    pub(super) auth: Option<ByteString>,
    phase: Phase,
}

/// ```text
///   Asking ──▶ Connected ──▶ Leaving ──▶ Ending ──▶ removed
/// ```
#[derive(Debug)]
enum Phase {
    /// Its middlewares run.
    Asking,
    Connected(Membership),
    /// Its handlers may finish, and events that came before its end be handled, until the moment named.
    Leaving {
        reason: DisconnectReason,
        rooms: Vec<String>,
        until: Instant,
    },
    /// Its disconnect handler may run until the moment named.
    Ending {
        until: Instant,
    },
    Gone,
}

impl LocalSocket {
    pub(super) fn new(socket: Socket, auth: Option<ByteString>) -> Self {
        Self { socket, running: 0, filtering: false, held: false, auth, phase: Phase::Asking }
    }

    /// How many of its handlers may wait at once.
    fn concurrency(&self) -> usize {
        self.socket.table().concurrency().unwrap_or(self.socket.server().settings().concurrency)
    }

    /// Whether its next event has to wait: too many handlers run, or the one before it has not reached its handlers.
    pub(super) fn is_full(&self) -> bool {
        self.filtering || self.running >= self.concurrency()
    }

    /// It is a member of its namespace from now on.
    pub(super) fn connect(&mut self) -> Result<(), Barred> {
        self.phase = Phase::Gone;
        self.phase = Phase::Connected(self.socket.connect()?);
        Ok(())
    }

    /// It is a member no more.
    pub(super) fn leave(&mut self, reason: DisconnectReason, until: Instant) {
        if let Phase::Connected(membership) = std::mem::replace(&mut self.phase, Phase::Gone) {
            self.phase = Phase::Leaving { reason, rooms: membership.end(), until };
            self.socket.tell_observers(|client, namespace, socket| Observation::SocketDisconnected {
                client,
                namespace,
                socket,
                reason,
            });
        }
    }

    /// When its handlers have had their time.
    pub(super) fn grace(&self) -> Option<Instant> {
        match self.phase {
            Phase::Leaving { until, .. } | Phase::Ending { until } => Some(until),
            Phase::Asking | Phase::Connected(_) | Phase::Gone => None,
        }
    }

    /// Whether it is gone, and its disconnect handler has not been called.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// Whether its disconnect handler runs.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Ending { .. })
    }

    /// Once, when it is leaving and none of its handlers runs: what its disconnect handler is told.
    pub(super) fn end(&mut self, until: Instant) -> Option<DisconnectContext> {
        if self.running > 0 || !matches!(self.phase, Phase::Leaving { .. }) {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Ending { until }) {
            Phase::Leaving { reason, rooms, .. } => {
                Some(DisconnectContext { socket: self.socket.clone(), reason, rooms })
            }
            Phase::Asking | Phase::Connected(_) | Phase::Ending { .. } | Phase::Gone => None,
        }
    }

    /// Its middlewares, one after the other; none if it has none.
    pub(super) fn admission(&self) -> Option<BoxFuture<Result<(), ConnectError>>> {
        if self.socket.table().middlewares().is_empty() {
            return None;
        }
        let (socket, auth) = (self.socket.clone(), self.auth.clone());
        Some(BoxFuture::new(async move {
            for middleware in socket.table().middlewares() {
                let context = ConnectContext { socket: socket.clone(), auth: auth.clone() };
                let verdict = match middleware.call(context, &mut None) {
                    Ok(verdict) => verdict.await,
                    Err(failure) => {
                        socket.report(None, &failure.cause, None);
                        Err(failure.cause.refusal())
                    }
                };
                verdict?;
            }
            Ok(())
        }))
    }
}

/// However it ends, refused or with its session: nothing of it is left behind.
impl Drop for LocalSocket {
    fn drop(&mut self) {
        self.socket.retire();
    }
}

/// The sockets of a session. Few have more than one, so they are looked up by walking.
#[derive(Debug, Default)]
pub(super) struct LocalSockets(Vec<LocalSocket>);

impl LocalSockets {
    pub(super) fn insert(&mut self, local: LocalSocket) {
        self.0.reserve_exact(1);
        self.0.push(local);
    }

    pub(super) fn get_mut(&mut self, key: SocketKey) -> Option<&mut LocalSocket> {
        self.0.iter_mut().find(|local| local.socket.key() == key)
    }

    pub(super) fn remove(&mut self, key: SocketKey) {
        if let Some(index) = self.0.iter().position(|local| local.socket.key() == key) {
            let local = self.0.swap_remove(index);
            // With it go the application's extensions.
            contained(|| drop(local));
        }
    }

    /// Those that have not left.
    pub(super) fn connected(&self) -> Vec<SocketName> {
        let connected = self.0.iter().map(|local| &local.socket).filter(|socket| socket.is_connected());
        connected.map(|socket| SocketName { namespace: socket.namespace().into(), id: socket.id() }).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// One whose handlers have had their time.
    pub(super) fn overdue(&self, now: Instant) -> Option<SocketKey> {
        let overdue = |local: &&LocalSocket| local.grace().is_some_and(|until| now >= until);
        self.0.iter().find(overdue).map(|local| local.socket.key())
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.0.iter().filter_map(LocalSocket::grace).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

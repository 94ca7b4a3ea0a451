use std::time::Instant;

use bytestring::ByteString;
use socketio_core::packet::{self, AckId};
use socketio_core::{DisconnectReason, SocketKey};

use crate::handler::{BoxFuture, ConnectContext, ConnectError, DisconnectContext, EventContext};
use crate::namespace::{Barred, Membership};
use crate::observer::Observation;
use crate::panics::contained;
use crate::session::SocketName;
use crate::socket::Socket;

/// A socket and its state in the session's task. Dropping it makes the socket leave its rooms.
#[derive(Debug)]
pub(super) struct LocalSocket {
    pub(super) socket: Socket,
    /// A second handle, which is moved into the context of each event and back, so that an event does not change the
    /// reference count. `None` before the first event and while it is lent.
    lent: Option<Socket>,
    /// The number of its handlers that are pending, and of its events whose filters run.
    pub(super) running: usize,
    /// Set while async filters run for one of its events.
    pub(super) filtering: bool,
    /// Set while its events are parked because it is [full](Self::is_full).
    pub(super) parked: bool,
    /// The `auth` payload of its CONNECT packet.
    pub(super) auth: Option<ByteString>,
    phase: Phase,
}

/// ```text
///   Connecting ──▶ Connected ──▶ Leaving ──▶ Ending ──▶ removed
/// ```
#[derive(Debug)]
enum Phase {
    /// The middlewares run.
    Connecting,
    Connected(Membership),
    /// Running handlers finish and events received before the disconnect are handled, until `until`.
    Leaving {
        reason: DisconnectReason,
        rooms: Vec<String>,
        until: Instant,
    },
    /// The disconnect handler runs, until `until`.
    Ending {
        until: Instant,
    },
    Gone,
}

impl LocalSocket {
    pub(super) fn new(socket: Socket, auth: Option<ByteString>) -> Self {
        Self {
            socket,
            lent: None,
            running: 0,
            filtering: false,
            parked: false,
            auth,
            phase: Phase::Connecting,
        }
    }

    /// Returns the context of an event. It is [taken back](Self::take_back) once the event's handlers have started.
    pub(super) fn lend(&mut self, event: packet::Event, ack: Option<AckId>) -> EventContext {
        let socket = self.lent.take().unwrap_or_else(|| self.socket.clone());
        EventContext::new(socket, event, ack)
    }

    pub(super) fn take_back(&mut self, context: EventContext) {
        self.lent = Some(context.socket);
    }

    /// Returns the maximum number of its handlers that may run at once.
    fn concurrency(&self) -> usize {
        self.socket.table().concurrency().unwrap_or(self.socket.server().settings().concurrency)
    }

    /// Returns `true` if its next event has to wait: the limit on handlers is reached, or filters run for an event.
    pub(super) fn is_full(&self) -> bool {
        self.filtering || self.running > 0 && self.running >= self.concurrency()
    }

    /// Makes the socket a member of its namespace.
    pub(super) fn connect(&mut self) -> Result<(), Barred> {
        self.phase = Phase::Gone;
        self.phase = Phase::Connected(self.socket.connect()?);
        Ok(())
    }

    /// Ends the membership in the namespace.
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

    /// Returns the deadline for its handlers, if it has left.
    pub(super) fn grace_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Leaving { until, .. } | Phase::Ending { until } => Some(until),
            Phase::Connecting | Phase::Connected(_) | Phase::Gone => None,
        }
    }

    /// Returns `true` if the socket has left and its disconnect handler has not been called.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// Returns `true` if the disconnect handler runs.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Ending { .. })
    }

    /// Returns the context for the disconnect handler, once, if the socket is leaving and no handler runs.
    pub(super) fn end(&mut self, until: Instant) -> Option<DisconnectContext> {
        if self.running > 0 || !matches!(self.phase, Phase::Leaving { .. }) {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Ending { until }) {
            Phase::Leaving { reason, rooms, .. } => {
                Some(DisconnectContext { socket: self.socket.clone(), reason, rooms })
            }
            Phase::Connecting | Phase::Connected(_) | Phase::Ending { .. } | Phase::Gone => None,
        }
    }

    /// Returns a future that runs the middlewares in order, or `None` if there are no middlewares.
    pub(super) fn admission(&self) -> Option<BoxFuture<Result<(), ConnectError>>> {
        if self.socket.table().middlewares().is_empty() {
            return None;
        }
        let (socket, auth) = (self.socket.clone(), self.auth.clone());
        Some(BoxFuture::new(async move {
            for middleware in socket.table().middlewares() {
                let mut context = ConnectContext { socket: socket.clone(), auth: auth.clone() };
                let called = middleware.call(&mut context, &mut None);
                drop(context);
                let verdict = match called {
                    Ok(verdict) => verdict.await,
                    Err(failure) => {
                        socket.report(None, &failure.cause, None);
                        Err(failure.cause.connect_error())
                    }
                };
                verdict?;
            }
            Ok(())
        }))
    }
}

/// Frees listeners, tasks and extensions however the socket ends, rejected or with its session.
impl Drop for LocalSocket {
    fn drop(&mut self) {
        self.socket.retire();
    }
}

/// The sockets of a session. Few sessions have more than one, so lookup is a linear search.
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
            // This drops values of the application, whose destructors may panic.
            contained(|| drop(local));
        }
    }

    /// Returns the names of the connected sockets.
    pub(super) fn connected(&self) -> Vec<SocketName> {
        let connected = self.0.iter().map(|local| &local.socket).filter(|socket| socket.is_connected());
        connected.map(|socket| SocketName { namespace: socket.namespace().into(), id: socket.id() }).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns a socket whose handlers have exceeded their grace time.
    pub(super) fn overdue(&self, now: Instant) -> Option<SocketKey> {
        let overdue = |local: &&LocalSocket| local.grace_deadline().is_some_and(|until| now >= until);
        self.0.iter().find(overdue).map(|local| local.socket.key())
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.0.iter().filter_map(LocalSocket::grace_deadline).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use socketio_core::packet::Event;
use socketio_core::{DisconnectReason, Encoded, SocketId, Transport};

use crate::admission::Rejection;
use crate::handshake::Handshake;
use crate::limit::Limit;
use crate::panics::contained;

/// Something that happened on a server, as [observers](crate::SocketIoBuilder::observe) see it.
///
/// It names clients, sockets and rooms and holds none of them: an observer that wants more looks them up, later and elsewhere.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A client has opened a session.
    ClientOpened {
        /// The client.
        client: ClientId,
        /// The transport it begins with.
        transport: Transport,
        /// The request that opened the session.
        handshake: &'a Handshake,
    },
    /// A client has moved to another transport.
    ClientUpgraded {
        /// The client.
        client: ClientId,
        /// The transport it has now.
        transport: Transport,
    },
    /// The session of a client has ended.
    ClientClosed {
        /// The client.
        client: ClientId,
        /// The reason; none if the session was dropped with its runtime.
        reason: Option<DisconnectReason>,
    },
    /// A client is connected to a namespace, and is about to be told.
    SocketConnected {
        /// The client.
        client: ClientId,
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// A socket is disconnected. A runtime that is dropped disconnects its sockets without.
    SocketDisconnected {
        /// The client.
        client: ClientId,
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
        /// The reason.
        reason: DisconnectReason,
    },
    /// A socket has joined a room. The room of its own id is none, unless another joins it.
    RoomJoined {
        /// The path of the namespace.
        namespace: &'a str,
        /// The room.
        room: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// A socket has left a room, or was disconnected.
    RoomLeft {
        /// The path of the namespace.
        namespace: &'a str,
        /// The room.
        room: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// An event has come that policies and filters let pass. Its handlers have not run.
    EventReceived {
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
        /// The event.
        event: &'a Event,
    },
    /// An event is emitted to a socket, alone or by a broadcast. Acks are no events.
    EventSent {
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
        /// The event.
        event: EmittedEvent<'a>,
    },
    /// A request of a client was rejected.
    RequestRejected {
        /// The reason.
        rejection: &'a Rejection,
    },
    /// A bound was reached.
    LimitReached {
        /// The path of the namespace, as the client wrote it.
        namespace: &'a str,
        /// The socket, if there is one.
        socket: Option<SocketId>,
        /// The bound.
        limit: Limit,
    },
}

/// An event on its way to a client. It is encoded, once for all whom a broadcast reaches, and read only for those who ask.
#[derive(Debug, Clone, Copy)]
pub struct EmittedEvent<'a>(&'a Encoded);

impl<'a> EmittedEvent<'a> {
    pub(crate) fn new(packet: &'a Encoded) -> Option<Self> {
        packet.is_event().then_some(Self(packet))
    }

    /// Reads the event. Everything is copied.
    pub fn decode(self) -> Option<Event> {
        Event::from_encoded(self.0)
    }

    /// Returns the length of the event on a WebSocket, in bytes, with its attachments.
    pub fn size(self) -> usize {
        self.0.websocket().len()
    }
}

/// The public name of a client: a number that no other client of this process has, and that tells nothing of the session's
/// secret id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u64);

impl ClientId {
    /// An id that was never used before.
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The observers of a server.
#[derive(Default)]
pub(crate) struct Observers(Vec<Arc<Observer>>);

type Observer = dyn Fn(&Observation<'_>) + Send + Sync;

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&Observation<'_>) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells all of them; `observation` is asked only if there is one.
    #[inline]
    pub(crate) fn tell<'a>(&self, observation: impl FnOnce() -> Observation<'a>) {
        if !self.is_empty() {
            self.tell_all(&observation());
        }
    }

    #[cold]
    fn tell_all(&self, observation: &Observation<'_>) {
        for observer in &self.0 {
            contained(|| observer(observation));
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observers").field(&self.0.len()).finish()
    }
}

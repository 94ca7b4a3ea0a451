use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use socketio_core::packet::Event;
use socketio_core::{DisconnectReason, Encoded, SocketId, Transport};

use crate::admission::Rejection;
use crate::handshake::Handshake;
use crate::limit::Limit;
use crate::panics::contained;

/// Something that happened on a server, passed to [observers](crate::SocketIoBuilder::observe).
///
/// An observation identifies clients, sockets and rooms, but does not hold handles of them. An observer that needs the
/// socket itself looks it up later, outside the call.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A client has opened a session.
    ClientOpened {
        /// The client.
        client: ClientId,
        /// The transport the session starts with.
        transport: Transport,
        /// The request that opened the session.
        handshake: &'a Handshake,
    },
    /// A client has upgraded to another transport.
    ClientUpgraded {
        /// The client.
        client: ClientId,
        /// The new transport.
        transport: Transport,
    },
    /// The session of a client has ended.
    ClientClosed {
        /// The client.
        client: ClientId,
        /// The reason, or `None` if the session was dropped with its runtime.
        reason: Option<DisconnectReason>,
    },
    /// A client is connected to a namespace. The CONNECT packet has not been sent yet.
    SocketConnected {
        /// The client.
        client: ClientId,
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// A socket is disconnected. Not reported for sockets that are dropped with their runtime.
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
    /// A socket has joined a room. The implicit room of a socket's own id is not reported, unless another socket joins
    /// it.
    RoomJoined {
        /// The path of the namespace.
        namespace: &'a str,
        /// The room.
        room: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// A socket has left a room, also by being disconnected.
    RoomLeft {
        /// The path of the namespace.
        namespace: &'a str,
        /// The room.
        room: &'a str,
        /// The socket.
        socket: SocketId,
    },
    /// An event was received and has passed policies and filters. Its handlers have not run yet.
    EventReceived {
        /// The path of the namespace.
        namespace: &'a str,
        /// The socket.
        socket: SocketId,
        /// The event.
        event: &'a Event,
    },
    /// An event is emitted to a socket, directly or by a broadcast. Acks are not reported.
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
    /// A limit was reached.
    LimitReached {
        /// The path of the namespace, as the client wrote it.
        namespace: &'a str,
        /// The socket, if there is one.
        socket: Option<SocketId>,
        /// The limit.
        limit: Limit,
    },
}

/// An outgoing event. It is encoded, once for all recipients of a broadcast, and decoded on request.
#[derive(Debug, Clone, Copy)]
pub struct EmittedEvent<'a>(&'a Encoded);

impl<'a> EmittedEvent<'a> {
    pub(crate) fn new(packet: &'a Encoded) -> Option<Self> {
        packet.is_event().then_some(Self(packet))
    }

    /// Decodes the event, which copies its arguments.
    pub fn decode(self) -> Option<Event> {
        Event::from_encoded(self.0)
    }

    /// Returns the size of the event on a WebSocket, in bytes, including its attachments.
    pub fn size(self) -> usize {
        self.0.websocket().len()
    }
}

/// The public id of a client: a number that is unique in this process and reveals nothing about the session's secret
/// id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u64);

impl ClientId {
    /// Returns an id that was never used before.
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

    /// Calls all observers; `observation` is called only if there is one.
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

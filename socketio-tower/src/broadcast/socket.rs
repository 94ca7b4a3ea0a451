use std::sync::Arc;

use super::BroadcastOperator;
use crate::socket::Socket;

/// Speaking to the other sockets of its namespace.
impl Socket {
    /// The sockets in `room`, without this one.
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.broadcast().to(room)
    }

    /// All sockets of the namespace that are not in `room`, without this one.
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.broadcast().except(room)
    }

    /// All sockets of the namespace, this one among them.
    ///
    /// ```
    /// # fn handler(socket: socketio_tower::Socket) {
    /// socket.all().to("lobby").emit("message", "to everybody in the lobby");
    /// # }
    /// ```
    pub fn all(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(self.namespace_ref()))
    }

    /// All sockets of the namespace, without this one.
    pub fn broadcast(&self) -> BroadcastOperator {
        self.all().without(self.id())
    }
}

use std::sync::Arc;

use super::BroadcastOperator;
use crate::socket::Socket;

/// Broadcasting to the sockets of the same namespace.
impl Socket {
    /// Selects the sockets in `room`, without this one.
    ///
    /// ```
    /// # fn handler(socket: socketio_tower::Socket) {
    /// socket.to("lobby").emit("message", "to the others in the lobby");
    /// # }
    /// ```
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.broadcast().to(room)
    }

    /// Selects all sockets of the namespace that are not in `room`, without this one.
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.broadcast().except(room)
    }

    /// Selects all sockets of the namespace, including this one.
    ///
    /// ```
    /// # fn handler(socket: socketio_tower::Socket) {
    /// socket.all().to("lobby").emit("message", "to all in the lobby");
    /// # }
    /// ```
    pub fn all(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(self.namespace_ref()))
    }

    /// Selects all sockets of the namespace, without this one.
    ///
    /// ```
    /// # fn handler(socket: socketio_tower::Socket) {
    /// socket.broadcast().emit("message", "to all others");
    /// # }
    /// ```
    pub fn broadcast(&self) -> BroadcastOperator {
        self.all().without(self.id())
    }
}

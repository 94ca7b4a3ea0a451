use std::sync::Arc;

use socketio_core::SocketId;

/// What happened to a room. The room that every socket has under its own id is none of them, unless another joins it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody joins a room in which nobody was; [`Joined`](Self::Joined) follows.
    Created {
        /// The room.
        room: Arc<str>,
    },
    /// A socket has joined a room.
    Joined {
        /// The room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// A socket has left a room, or was disconnected.
    Left {
        /// The room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// The last has left.
    Deleted {
        /// The room.
        room: Arc<str>,
    },
}

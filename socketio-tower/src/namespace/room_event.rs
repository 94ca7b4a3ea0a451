use std::sync::Arc;

use socketio_core::SocketId;

/// An event of a room. The room with a socket's own id is reported only if another socket joins it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// A socket is joining a room without members. [`Joined`](Self::Joined) follows.
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
    /// The last socket has left the room.
    Deleted {
        /// The room.
        room: Arc<str>,
    },
}

use serde_json::value::RawValue;
use socketio_core::SocketId;

use crate::handshake::Handshake;
use crate::socket::Socket;

/// A snapshot of a socket.
#[derive(Debug, Clone)]
pub(crate) struct SocketInfo {
    pub(super) id: SocketId,
    pub(super) rooms: Vec<String>,
    pub(super) handshake: Handshake,
    pub(super) data: Option<Box<RawValue>>,
}

impl SocketInfo {
    pub(super) fn of(socket: &Socket) -> Self {
        Self {
            id: socket.id(),
            rooms: socket.rooms(),
            handshake: socket.handshake().clone(),
            data: socket.data_json(),
        }
    }
}

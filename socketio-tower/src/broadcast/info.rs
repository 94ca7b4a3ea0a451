use serde_json::value::RawValue;
#[cfg(feature = "cluster")]
use socketio_core::cluster::SocketFacts;
#[cfg(feature = "cluster")]
use socketio_core::packet::RawJson;

use crate::handshake::Handshake;
use crate::socket::Socket;

/// A snapshot of a socket.
#[derive(Debug, Clone)]
pub(crate) struct SocketInfo {
    pub(super) id: Box<str>,
    pub(super) rooms: Vec<String>,
    pub(super) handshake: Handshake,
    pub(super) data: Option<Box<RawValue>>,
}

impl SocketInfo {
    pub(super) fn of(socket: &Socket) -> Self {
        Self {
            id: socket.id().as_str().into(),
            rooms: socket.rooms(),
            handshake: socket.handshake().clone(),
            data: socket.data_json(),
        }
    }
}

/// The form in which nodes send snapshots to each other.
#[cfg(feature = "cluster")]
impl SocketInfo {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn into_rooms(self) -> Vec<String> {
        self.rooms
    }

    pub(crate) fn from_facts(facts: SocketFacts) -> Self {
        Self {
            handshake: Handshake::from_facts(&facts.handshake),
            id: facts.id.into(),
            rooms: facts.rooms,
            // What a Node server sends for a socket without data.
            data: Some(facts.data.as_str()).filter(|data| *data != "{}").and_then(to_raw),
        }
    }

    pub(crate) fn to_facts(&self) -> SocketFacts {
        let data = self.data.as_ref().map_or("{}", |data| data.get());
        let data = RawJson::parse(data).expect("a raw value is JSON");
        SocketFacts::new(self.id.to_string(), self.rooms.clone(), self.handshake.to_facts(), data)
    }
}

#[cfg(feature = "cluster")]
fn to_raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).ok()
}

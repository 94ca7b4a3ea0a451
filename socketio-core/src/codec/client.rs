use crate::client::{ConnectError, Handshake};
use crate::packet::RawJson;
use crate::{Encoded, Revision, SocketId};

/// The packets that clients write, and the JSON in the packets that they read.
impl Revision {
    /// Writes the packet that probes a message stream.
    pub(crate) fn probe(self) -> Encoded {
        match self {
            Self::V4 => super::v4::client::probe(),
        }
    }

    /// Writes the packet after which the client sends over the stream that it has probed.
    pub(crate) fn upgrade(self) -> Encoded {
        match self {
            Self::V4 => super::v4::client::upgrade(),
        }
    }

    /// Writes the packet that ends the session.
    pub(crate) fn close(self) -> Encoded {
        match self {
            Self::V4 => super::v4::client::close(),
        }
    }

    /// Reads the JSON of the first packet of a session.
    pub(crate) fn read_open(self, json: &str) -> Option<Handshake> {
        match self {
            Self::V4 => super::v4::client::read_open(json),
        }
    }

    /// Writes the connection request for a namespace.
    pub(crate) fn connect_request(self, namespace: &str, auth: Option<&RawJson>) -> Encoded {
        match self {
            Self::V4 => super::v4::client::connect_request(namespace, auth),
        }
    }

    /// Reads the JSON of the reply to an accepted connection request.
    pub(crate) fn read_connected(self, json: Option<&str>) -> Option<SocketId> {
        match self {
            Self::V4 => super::v4::client::read_connected(json),
        }
    }

    /// Reads the JSON of the reply to a rejected connection request.
    pub(crate) fn read_connect_error(self, json: &str) -> Option<ConnectError> {
        match self {
            Self::V4 => super::v4::client::read_connect_error(json),
        }
    }
}

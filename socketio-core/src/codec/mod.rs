//! The bytes on the wire, with one file per revision. The files have the same functions; [`Revision`] selects the file.

use bytes::Bytes;

mod packet;
pub use packet::Control;
pub(crate) use packet::{Malformed, Packet};

#[cfg(feature = "client")]
mod client;

mod v4;

use crate::packet::{DecodeError, Packet as SocketPacket, RawJson};
use crate::{Config, Encoded, Message, Revision, Sid, SocketId, Transport};

/// Engine.IO.
impl Revision {
    /// Writes the first packet of a session.
    pub(crate) fn open(self, sid: &Sid, transport: Transport, config: &Config) -> Encoded {
        match self {
            Self::V4 => v4::open(sid, transport, config),
        }
    }

    /// Writes a ping of the server.
    pub(crate) fn ping(self) -> Encoded {
        match self {
            Self::V4 => v4::ping(),
        }
    }

    /// Returns `true` if a sent packet is the [ping](Self::ping).
    #[inline]
    pub(crate) fn is_ping(self, packet: &Encoded) -> bool {
        match self {
            Self::V4 => v4::is_ping(packet),
        }
    }

    /// Writes the reply to a ping of the client.
    pub(crate) fn pong(self) -> Encoded {
        match self {
            Self::V4 => v4::pong(),
        }
    }

    /// Writes the reply to the probe of a client.
    pub(crate) fn probe_answer(self) -> Encoded {
        match self {
            Self::V4 => v4::probe_answer(),
        }
    }

    /// Returns the body of a GET response that carries no data.
    pub(crate) const fn control(self, control: Control) -> &'static [u8] {
        match self {
            Self::V4 => v4::control(control),
        }
    }

    /// Returns the body of the response to a POST that was read.
    pub(crate) const fn accepted(self) -> &'static [u8] {
        match self {
            Self::V4 => v4::ACCEPTED,
        }
    }

    /// Returns the maximum number of bytes that a packet takes in a body.
    #[inline]
    pub(crate) fn length(self, packet: &Encoded) -> usize {
        match self {
            Self::V4 => v4::length(packet),
        }
    }

    /// Appends a packet to a body.
    #[inline]
    pub(crate) fn append(self, packet: &Encoded, body: &mut Vec<u8>) {
        match self {
            Self::V4 => v4::append(packet, body),
        }
    }

    /// Reads the first packet of a body. Returns it with the rest of the body, or `None` if it was the last packet.
    #[inline]
    pub(crate) fn read_first(self, body: &str) -> (Result<Packet<'_>, Malformed>, Option<&str>) {
        match self {
            Self::V4 => v4::read_first(body),
        }
    }

    /// Reads a text message of a stream.
    #[inline]
    pub(crate) fn read_text(self, text: &str) -> Result<Packet<'_>, Malformed> {
        match self {
            Self::V4 => v4::read_text(text),
        }
    }

    /// Reads a binary message of a stream and returns its payload.
    #[inline]
    pub(crate) fn read_binary(self, message: Bytes) -> Result<Bytes, Malformed> {
        match self {
            Self::V4 => v4::read_binary(message),
        }
    }

    /// Returns a packet as it is sent over a stream, with binary data in base64 if the client requires that.
    #[inline]
    pub(crate) fn for_stream(self, packet: Encoded, base64: bool) -> Encoded {
        match self {
            Self::V4 => v4::for_stream(packet, base64),
        }
    }
}

/// Socket.IO.
impl Revision {
    /// Reads the text of a message.
    #[inline]
    pub(crate) fn decode(self, text: &str, max_attachments: usize) -> Result<SocketPacket<'_>, DecodeError> {
        match self {
            Self::V4 => v4::decode(text, max_attachments),
        }
    }

    /// Writes the reply to a client that has been connected to a namespace.
    pub(crate) fn connect(self, namespace: &str, id: &SocketId) -> Encoded {
        match self {
            Self::V4 => v4::connect(namespace, id),
        }
    }

    /// Writes the reply to a client whose connection request was rejected.
    pub(crate) fn connect_error(self, namespace: &str, message: &str, data: Option<&RawJson>) -> Encoded {
        match self {
            Self::V4 => v4::connect_error(namespace, message, data),
        }
    }

    /// Writes the packet that disconnects a client from a namespace.
    pub(crate) fn disconnect(self, namespace: &str) -> Encoded {
        match self {
            Self::V4 => v4::disconnect(namespace),
        }
    }
}

impl Encoded {
    /// Creates an Engine.IO message, for an application that uses Engine.IO without Socket.IO.
    ///
    /// ```
    /// use socketio_core::{Encoded, Message};
    ///
    /// let packet = Encoded::message(&Message::Text("hello".into()));
    /// assert_eq!(packet.text(), b"4hello");
    /// let packet = Encoded::message(&Message::Binary(vec![1, 2, 3].into()));
    /// assert_eq!(packet.websocket(), [0x82, 3, 1, 2, 3]);
    /// ```
    pub fn message(message: &Message) -> Self {
        v4::message(message)
    }

    /// Returns `true` if this is an event, which [`Event::from_encoded`](crate::packet::Event::from_encoded) reads.
    ///
    /// ```
    /// use socketio_core::packet::{AckId, Encoder};
    ///
    /// let mut encoder = Encoder::default();
    /// assert!(encoder.event("/", "message", "hi", None).unwrap().is_event());
    /// assert!(!encoder.ack("/", AckId(1), "hi").unwrap().is_event());
    /// ```
    pub fn is_event(&self) -> bool {
        v4::is_event(self.text())
    }
}

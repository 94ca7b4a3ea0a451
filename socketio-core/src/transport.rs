use bytes::Bytes;
use bytestring::ByteString;

/// One attachment of a client to its session: one GET, one POST, or one message stream.
///
/// The driver of a server mints them, each number once per session; the core never invents one. Every race between
/// attachments (two GETs, a POST during an upgrade, a late GET after it) is told apart by its link. A client numbers its own
/// links, which mean nothing to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(u32);

impl LinkId {
    /// The link with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The link after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// How a client and its session exchange packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A parked GET for what the server sends, a POST for what the client sends.
    Polling,
    /// A stream of messages in both directions.
    WebSocket,
}

impl Transport {
    /// Every transport there is.
    pub const ALL: [Self; 2] = [Self::Polling, Self::WebSocket];

    /// The name in the `transport` parameter and in the `upgrades` list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }

    /// Returns whether it is a stream of messages in both directions. Otherwise it consists of requests.
    #[inline]
    pub const fn is_stream(self) -> bool {
        match self {
            Self::Polling => false,
            Self::WebSocket => true,
        }
    }

    /// Returns the transport of this [name](Self::name).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

/// A set of transports.
///
/// ```
/// use socketio_core::{Transport, Transports};
///
/// let transports = Transports::from_iter([Transport::WebSocket]);
/// assert!(transports.contains(Transport::WebSocket));
/// assert!(!transports.contains(Transport::Polling));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transports(u8);

impl Transports {
    /// The set of every transport.
    pub const ALL: Self = Self(u8::MAX);

    /// Returns whether a transport is in the set.
    #[inline]
    pub const fn contains(self, transport: Transport) -> bool {
        self.0 & 1 << transport as u8 != 0
    }
}

impl FromIterator<Transport> for Transports {
    fn from_iter<I: IntoIterator<Item = Transport>>(transports: I) -> Self {
        Self(transports.into_iter().fold(0, |bits, transport| bits | 1 << transport as u8))
    }
}

/// One message of a message stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
}

/// Why a link is gone, as the driver saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkError {
    /// The peer ended the stream.
    Closed,
    /// The peer gave the request up before its answer, or its answer could not be delivered.
    Aborted,
    /// The connection failed, or what came over it was no valid framing.
    Failed,
    /// A message or body was longer than [`Config::max_payload`](crate::Config::max_payload).
    TooLarge,
    /// The peer took none of what was written to it for the write deadline.
    Stalled,
}

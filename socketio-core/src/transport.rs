use bytes::Bytes;
use bytestring::ByteString;

/// The id of a link between a client and its session: one GET, one POST, or one message stream.
///
/// The driver of a server assigns the ids and uses each number once per session. Links distinguish concurrent
/// requests: two GETs, a POST during an upgrade, a late GET after it. A client numbers its own links, independently
/// of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(u32);

impl LinkId {
    /// Creates the id with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number of the id.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the id after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The means by which a client and its session exchange packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP long polling: a parked GET for packets of the server, a POST for packets of the client.
    Polling,
    /// A stream of messages in both directions.
    WebSocket,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 2] = [Self::Polling, Self::WebSocket];

    /// Returns the name in the `transport` parameter and in the `upgrades` list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }

    /// Returns `true` if the transport is a stream of messages in both directions, and `false` if it consists of
    /// requests.
    #[inline]
    pub const fn is_stream(self) -> bool {
        match self {
            Self::Polling => false,
            Self::WebSocket => true,
        }
    }

    /// Returns the transport with this [name](Self::name).
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
    /// The set of all transports.
    pub const ALL: Self = Self(u8::MAX);

    /// Returns `true` if a transport is in the set.
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

/// The reason a link was lost, as observed by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkError {
    /// The peer ended the stream.
    Closed,
    /// The peer abandoned the request before its response, or the response could not be delivered.
    Aborted,
    /// The connection failed, or its framing was invalid.
    Failed,
    /// A message or body was longer than [`Config::max_payload`](crate::Config::max_payload).
    TooLarge,
    /// The peer did not accept any of the written bytes within the write deadline.
    Stalled,
}

use bytes::Bytes;

/// An Engine.IO packet, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// `0`: the greeting of a session. The server sends it, with a JSON object.
    Open(&'a str),
    /// `1`: the end of the session.
    Close,
    /// `2`: the heartbeat, or with `probe` a client that tries a transport out.
    Ping {
        /// Whether the text `probe` follows.
        probe: bool,
    },
    /// `3`: the answer to it.
    Pong {
        /// Whether the text `probe` follows.
        probe: bool,
    },
    /// `4`: a message for Socket.IO.
    Text(&'a str),
    /// `b`: a binary message in base64.
    Binary(Bytes),
    /// `5`: from here on the client speaks over this transport.
    Upgrade,
    /// `6`: nothing; it answers a GET that has to end.
    Noop,
}

/// A text that is no Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A packet that ends a GET without carrying anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Nothing has happened; the client may do something else.
    Noop,
    /// The session is over.
    Close,
}

use bytes::Bytes;

/// An Engine.IO packet, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// `0`: the first packet of a session. The server sends it, with a JSON object.
    Open(&'a str),
    /// `1`: the end of the session.
    Close,
    /// `2`: a ping, or with `probe` the test of a transport by a client.
    Ping {
        /// Set if the text `probe` follows.
        probe: bool,
    },
    /// `3`: the reply to a ping.
    Pong {
        /// Set if the text `probe` follows.
        probe: bool,
    },
    /// `4`: a message for Socket.IO.
    Text(&'a str),
    /// `b`: a binary message in base64.
    Binary(Bytes),
    /// `5`: from here on, the client sends over this transport.
    Upgrade,
    /// `6`: no operation. It ends a GET that has to be completed.
    Noop,
}

/// The error for a text that is not a valid Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A packet that ends a GET without carrying data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// There is no data; the client may continue, for example with an upgrade.
    Noop,
    /// The session has ended.
    Close,
}

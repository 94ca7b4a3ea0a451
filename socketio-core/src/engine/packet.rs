use bytes::Bytes;
use data_encoding::BASE64;

/// An Engine.IO packet, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// `0`: the greeting of a session. The server sends it, with a JSON object that is not looked at.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no Engine.IO packet")]
#[non_exhaustive]
pub struct Malformed;

impl<'a> Packet<'a> {
    /// Reads one packet from its text form. `b` and base64 is a binary message, on every transport:
    /// clients that force base64 send it over a WebSocket too.
    ///
    /// # Errors
    ///
    /// It has another type, or its base64 is none.
    pub fn decode(text: &'a str) -> Result<Self, Malformed> {
        Ok(match *text.as_bytes() {
            [b'4', ..] => Self::Text(&text[1..]),
            [b'b', ref base64 @ ..] => {
                let bytes = BASE64.decode(base64).map_err(|_| Malformed)?;
                Self::Binary(Bytes::from(bytes))
            }
            [b'0', ..] => Self::Open(&text[1..]),
            [b'1', ..] => Self::Close,
            [b'2', ref data @ ..] => Self::Ping { probe: data == b"probe" },
            [b'3', ref data @ ..] => Self::Pong { probe: data == b"probe" },
            [b'5', ..] => Self::Upgrade,
            [b'6', ..] => Self::Noop,
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Packet<'_>, Malformed> {
        Packet::decode(text)
    }

    #[test]
    fn every_type() {
        assert_eq!(decode("0{}"), Ok(Packet::Open("{}")));
        assert_eq!(decode("1"), Ok(Packet::Close));
        assert_eq!(decode("2"), Ok(Packet::Ping { probe: false }));
        assert_eq!(decode("2probe"), Ok(Packet::Ping { probe: true }));
        assert_eq!(decode("3"), Ok(Packet::Pong { probe: false }));
        assert_eq!(decode("3probe"), Ok(Packet::Pong { probe: true }));
        assert_eq!(decode("4€"), Ok(Packet::Text("€")));
        assert_eq!(decode("bAQIDBA=="), Ok(Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]))));
        assert_eq!(decode("b"), Ok(Packet::Binary(Bytes::new())));
        assert_eq!(decode("5"), Ok(Packet::Upgrade));
        assert_eq!(decode("6"), Ok(Packet::Noop));
    }

    #[test]
    fn what_is_no_packet() {
        for text in ["", "7", "abc", "€", "bAQID*A==", "bAQIDBA", "\u{1e}"] {
            assert_eq!(decode(text), Err(Malformed), "{text:?}");
        }
    }
}

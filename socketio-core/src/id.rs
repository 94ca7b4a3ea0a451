use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

/// The secret id of an Engine.IO session. A party that knows it can send packets as the client.
///
/// It occurs only in the OPEN packet of the session and in the query of its HTTP requests. The public id of a socket
/// is its [`SocketId`], and neither can be converted into the other. `Debug` does not print it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(Token);

/// The public id of one socket, that is, of one client on one namespace.
///
/// It is also the name of the socket's own room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(Token);

/// The error for a text that is not 20 characters of `[A-Za-z0-9_-]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid id: not 20 characters of [A-Za-z0-9_-]")]
#[non_exhaustive]
pub struct ParseIdError;

impl Sid {
    /// Creates an id from 15 random bytes, which must come from a cryptographic generator.
    pub fn from_entropy(entropy: [u8; 15]) -> Self {
        Self(Token::from_entropy(entropy))
    }

    /// Returns the 20 characters. They are secret: use them only on the wire.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl SocketId {
    /// Creates an id from 15 random bytes.
    pub fn from_entropy(entropy: [u8; 15]) -> Self {
        Self(Token::from_entropy(entropy))
    }

    /// Returns the 20 characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Sid {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Token::parse(text).map(Self)
    }
}

impl FromStr for SocketId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Token::parse(text).map(Self)
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid(secret)")
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({self})")
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Allows an id to be passed as the name of the room of that socket.
impl From<SocketId> for String {
    fn from(id: SocketId) -> Self {
        id.as_str().to_owned()
    }
}

impl From<&SocketId> for String {
    fn from(id: &SocketId) -> Self {
        id.as_str().to_owned()
    }
}

impl serde::Serialize for SocketId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Sticky load balancers and cluster engines look for exactly 20 of these characters (`sid=([\w\-]{20})`).
const LENGTH: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Token([u8; LENGTH]);

impl Token {
    fn from_entropy(entropy: [u8; 15]) -> Self {
        let mut text = [0; LENGTH];
        BASE64URL_NOPAD.encode_mut(&entropy, &mut text);
        Self(text)
    }

    fn parse(text: &str) -> Result<Self, ParseIdError> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| ParseIdError)?;
        let is_valid = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        bytes.iter().all(is_valid).then_some(Self(bytes)).ok_or(ParseIdError)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("both constructors take ASCII only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_twenty_characters_and_read_back() {
        let id = SocketId::from_entropy([0xff; 15]);
        assert_eq!(id.as_str(), "____________________");
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!((String::from(id), String::from(&id)), (id.to_string(), id.to_string()));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "__proto__", "___________________/", "_____________________", "ééééééééééé"]
        {
            assert_eq!(text.parse::<Sid>(), Err(ParseIdError), "{text}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        let sid = Sid::from_entropy([0; 15]);
        assert!(!format!("{sid:?}").contains(sid.expose()));
    }
}

use std::fmt;
use std::sync::Arc;

/// The id of a node of a cluster: a process, or one adapter of a Node process. A text of 1 to 64 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Arc<str>);

/// The id of a request to other nodes, chosen by the asking node. A text of 1 to 64 bytes.
///
/// ```
/// use socketio_core::cluster::RequestId;
///
/// assert_eq!(RequestId::parse("QT75gt").unwrap().as_str(), "QT75gt");
/// assert!(RequestId::parse("").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(Box<str>);

/// A request of this node: the number in its [`RequestId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestKey(u64);

/// The error for an id that is empty or longer than 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid id: not 1 to {MAX_LENGTH} bytes")]
#[non_exhaustive]
pub struct InvalidId;

/// The maximum length of an id in bytes. Node's ids have 6 or 16; emitters have the id `emitter`.
const MAX_LENGTH: usize = 64;

impl NodeId {
    /// Creates an id of 16 hexadecimal digits from random bytes.
    ///
    /// ```
    /// use socketio_core::cluster::NodeId;
    ///
    /// assert_eq!(NodeId::from_entropy([0xab; 8]).as_str(), "abababababababab");
    /// ```
    pub fn from_entropy(entropy: [u8; 8]) -> Self {
        Self(hexadecimal(u64::from_be_bytes(entropy)).into())
    }

    /// Reads the id of another node.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is empty or longer than 64 bytes.
    ///
    /// ```
    /// use socketio_core::cluster::NodeId;
    ///
    /// assert_eq!(NodeId::parse("emitter").unwrap().to_string(), "emitter");
    /// assert!(NodeId::parse(&"x".repeat(65)).is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        has_valid_length(text).then(|| Self(text.into())).ok_or(InvalidId)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RequestId {
    /// Reads the id of a request.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is empty or longer than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        has_valid_length(text).then(|| Self(text.into())).ok_or(InvalidId)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number of a request, if this may be the id of a request of this node.
    pub(super) fn key(&self) -> Option<RequestKey> {
        let is_own =
            self.0.len() == 16 && self.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(&self.0, 16).ok().filter(|_| is_own).map(RequestKey)
    }
}

impl RequestKey {
    pub(super) fn new(number: u64) -> Self {
        Self(number)
    }

    pub(super) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Returns the id that the request has on the wire.
    pub fn id(self) -> RequestId {
        RequestId(hexadecimal(self.0).into())
    }
}

fn has_valid_length(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
}

fn hexadecimal(number: u64) -> String {
    format!("{number:016x}")
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_request_comes_back() {
        for number in [0, 7, u64::MAX] {
            let key = RequestKey::new(number);
            assert_eq!(key.id().key(), Some(key));
        }
        assert_eq!(RequestKey::new(u64::MAX).next(), RequestKey::new(0));
        for foreign in ["QT75gt", "0000000000000xyz", "+000000000000001", "ABCDEF0123456789"] {
            assert_eq!(RequestId::parse(foreign).unwrap().key(), None, "{foreign}");
        }
    }

    #[test]
    fn ids_have_a_length() {
        for text in ["", &"x".repeat(65)] {
            assert_eq!(NodeId::parse(text), Err(InvalidId));
            assert_eq!(RequestId::parse(text), Err(InvalidId));
        }
        assert_eq!(NodeId::parse("emitter").unwrap().to_string(), "emitter");
    }
}

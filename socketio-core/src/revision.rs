/// A generation of the protocol: which framing, which heartbeat, which greeting.
///
/// Everything that differs between generations is asked of this type; nothing else compares version
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revision {
    /// Engine.IO 4 with Socket.IO 5: the clients since 3.0.
    V4,
}

impl Revision {
    /// The revision that a client asks for with its `EIO` parameter, if this server speaks it.
    pub(crate) fn from_parameter(eio: &str) -> Option<Self> {
        match eio {
            "4" => Some(Self::V4),
            _ => None,
        }
    }
}

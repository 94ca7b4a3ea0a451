/// A generation of the protocol: which framing, which heartbeat, which greeting.
///
/// A session has the revision that its client asked for when it was opened, and a request that names another one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revision {
    /// Engine.IO 4 with Socket.IO 5: the clients since 3.0.
    V4,
}

/// The facts of a revision that a session must know, apart from the bytes on the wire.
#[derive(Debug)]
pub(crate) struct Traits {
    /// True if the client keeps the heartbeat, and the server answers it.
    pub(crate) client_pings: bool,
    /// True if the body of a POST may be declared as binary.
    pub(crate) binary: bool,
}

impl Revision {
    /// The revision that a client asks for with its `EIO` parameter, if this server speaks it.
    pub(crate) fn from_parameter(eio: &str) -> Option<Self> {
        match eio {
            "4" => Some(Self::V4),
            _ => None,
        }
    }

    /// Returns the `EIO` parameter of a client of this revision.
    #[cfg(feature = "client")]
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::V4 => "4",
        }
    }

    #[inline]
    pub(crate) const fn traits(self) -> &'static Traits {
        match self {
            Self::V4 => &Traits { client_pings: false, binary: false },
        }
    }
}

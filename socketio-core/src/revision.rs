/// A revision of the protocol, which determines the framing, the heartbeat and the first packets.
///
/// A session has the revision that its client requested when it was opened. Requests that name another one are
/// rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revision {
    /// Engine.IO 4 with Socket.IO 5, used by clients since 3.0.
    V4,
}

/// The properties of a revision that a session depends on, apart from the bytes on the wire.
#[derive(Debug)]
pub(crate) struct Traits {
    /// Set if the client sends the pings and the server answers them.
    pub(crate) client_pings: bool,
    /// Set if the body of a POST may be declared as binary.
    pub(crate) binary: bool,
}

impl Revision {
    /// Returns the revision for the `EIO` parameter of a client, if this server supports it.
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

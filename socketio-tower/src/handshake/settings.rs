use std::fmt;

use http::{Extensions, HeaderName};

use super::PeerSettings;

/// Settings for the parts of a session's first request that are kept.
pub(crate) struct HandshakeSettings {
    /// The maximum size of its path, its query and the kept headers, in bytes.
    pub(crate) max_bytes: usize,
    pub(crate) headers: Vec<HeaderName>,
    pub(crate) extensions: Vec<KeepExtension>,
    pub(crate) peer: PeerSettings,
}

/// A function that copies the value of one type.
pub(crate) type KeepExtension = fn(&Extensions, &mut Extensions);

impl Default for HandshakeSettings {
    fn default() -> Self {
        Self {
            max_bytes: 16 * 1024,
            headers: Vec::new(),
            extensions: Vec::new(),
            peer: PeerSettings::default(),
        }
    }
}

impl fmt::Debug for HandshakeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeSettings").field("headers", &self.headers).finish_non_exhaustive()
    }
}

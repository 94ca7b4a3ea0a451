use std::sync::{Arc, Weak};

use crate::namespace::NamespaceSet;

/// The server that a driver works for.
pub(super) enum Server {
    /// A server. When it is gone, the node leaves.
    Node(Weak<NamespaceSet>),
    /// An emitter.
    None,
}

impl Server {
    /// Returns the namespaces of the server.
    pub(super) fn upgrade(&self) -> Option<Arc<NamespaceSet>> {
        match self {
            Self::Node(namespaces) => namespaces.upgrade(),
            Self::None => None,
        }
    }

    /// Returns `true` if no handle of the server exists any longer.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Node(namespaces) if namespaces.strong_count() == 0)
    }
}

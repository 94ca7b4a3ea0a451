use std::sync::{Arc, OnceLock};

use super::Joined;

/// The cluster of a server, which it may join later. Shared by all its namespaces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Arc<OnceLock<Arc<Joined>>>);

impl Slot {
    /// Returns the cluster, if the server has joined one and has not left it.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Arc<Joined>> {
        self.0.get().filter(|joined| !joined.is_left())
    }

    /// Returns the cluster that the server has joined, even if it has left it.
    pub(crate) fn joined(&self) -> Option<&Arc<Joined>> {
        self.0.get()
    }

    /// Joins a cluster. Returns `false` if the server has already joined one.
    pub(crate) fn join(&self, joined: Arc<Joined>) -> bool {
        self.0.set(joined).is_ok()
    }
}

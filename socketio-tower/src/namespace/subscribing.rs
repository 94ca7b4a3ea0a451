use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use socketio_core::cluster::Subscription;
use socketio_core::namespace::NamespacePath;

use super::dynamic::DynamicNamespace;
use super::{Namespace, NamespaceSet};
use crate::bus::{Joined, Slot};

/// The subscriptions of a server: the broadcasts for everything that is defined, and the questions for each namespace that
/// may have sockets.
impl NamespaceSet {
    pub(crate) fn cluster(&self) -> &Slot {
        &self.cluster
    }

    /// Subscribes to what is defined, after a change and when the server has joined a cluster.
    pub(crate) fn subscribe_to_definitions(&self) {
        let Some(joined) = self.cluster.get() else { return };
        joined.redefine(|| {
            let inner = self.read();
            let paths = || inner.namespaces.iter().map(|namespace| namespace.definition());
            let broadcasts = joined.wire().of_definitions(paths());
            let defined = inner.namespaces.iter().filter(|namespace| !namespace.is_pattern());
            let questions = defined.flat_map(|namespace| namespace.questions(joined));
            broadcasts.into_iter().chain(questions).collect::<BTreeSet<_>>()
        });
    }

    /// Subscribes to the dynamic namespaces that were open before the server joined a cluster.
    pub(crate) fn subscribe_to_open(&self) {
        for namespace in self.all() {
            // A namespace opens and closes under the lock of its rooms.
            let rooms = namespace.rooms();
            if let Some(child) = namespace.child.as_ref().filter(|_| !rooms.is_empty()) {
                child.subscribe();
            }
        }
    }
}

impl Namespace {
    fn definition(&self) -> &NamespacePath {
        &self.path
    }

    fn questions(&self, joined: &Joined) -> Vec<Subscription> {
        joined.wire().of_namespace(joined.id(), self.path())
    }
}

impl DynamicNamespace {
    /// Subscribes to the questions for this namespace. Must be called under the lock of its rooms.
    pub(super) fn subscribe(&self) {
        // It may have opened while the server was joining.
        if let Some(joined) = self.parent.cluster()
            && !self.is_subscribed.swap(true, Ordering::Relaxed)
        {
            joined.change_subscriptions(joined.wire().of_namespace(joined.id(), &self.path), []);
        }
    }

    /// Ends these subscriptions. Must be called under the lock of its rooms.
    pub(super) fn unsubscribe(&self) {
        if let Some(joined) = self.parent.cluster()
            && self.is_subscribed.swap(false, Ordering::Relaxed)
        {
            joined.change_subscriptions([], joined.wire().of_namespace(joined.id(), &self.path));
        }
    }
}

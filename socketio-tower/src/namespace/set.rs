use std::sync::{Arc, PoisonError, RwLock};

use socketio_core::namespace::{Dispatcher, NamespacePath};

use super::{Namespace, Table};

/// The namespaces of a server.
#[derive(Debug, Default)]
pub(crate) struct NamespaceSet {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    dispatcher: Dispatcher,
    namespaces: Vec<Arc<Namespace>>,
}

impl NamespaceSet {
    /// The namespace that a client names.
    pub(crate) fn resolve(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.dispatcher.resolve(name).map(|index| Arc::clone(&inner.namespaces[index.get()]))
    }

    /// Calls `change` with the namespace of this path, which clients meet only afterwards if it is new.
    pub(crate) fn define<R>(&self, path: NamespacePath, change: impl FnOnce(&Arc<Namespace>) -> R) -> R {
        if let Some(namespace) = self.resolve(path.as_str()) {
            return change(&namespace);
        }
        let namespace = Arc::new(Namespace::new(path.clone()));
        let result = change(&namespace);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let index = inner.dispatcher.insert(path).get();
        if index == inner.namespaces.len() {
            inner.namespaces.push(namespace);
        } else {
            // Two threads defined it at once; the later definition stands.
            let table = namespace.table();
            inner.namespaces[index].publish(Table::clone(&table));
        }
        result
    }

    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).namespaces.clone()
    }
}

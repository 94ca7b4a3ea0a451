use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "cluster")]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use foldhash::fast::RandomState;
use socketio_core::namespace::{Captures, NamespacePath};

use super::Namespace;
use super::hook_queue::HookQueue;

/// An event of a dynamic namespace: one whose name matches a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceEvent {
    /// The first socket has connected.
    Created {
        /// The path of the namespace.
        path: Arc<str>,
    },
    /// The last socket has left.
    Removed {
        /// The path of the namespace.
        path: Arc<str>,
    },
}

/// A callback for namespace events.
#[derive(Clone)]
pub(crate) struct NamespaceHook(pub(crate) Arc<dyn Fn(&NamespaceEvent) + Send + Sync>);

impl fmt::Debug for NamespaceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamespaceHook")
    }
}

/// The namespaces whose names match a pattern.
///
/// A namespace exists as long as it is referenced: by a socket, by a connection request in the middlewares, or by a
/// handle of the application. It is *open* as long as it has sockets; only open namespaces are counted, limited and
/// listed.
#[derive(Default)]
pub(crate) struct DynamicNamespaces {
    by_name: Mutex<HashMap<Box<str>, Weak<Namespace>, RandomState>>,
    open: AtomicUsize,
    max_open: usize,
    events: HookQueue<NamespaceEvent>,
    hook: Option<NamespaceHook>,
}

/// The additional state of a dynamic namespace.
#[derive(Debug)]
pub(super) struct DynamicNamespace {
    /// The namespace that defines the pattern and the handlers.
    pub(super) parent: Arc<Namespace>,
    pub(super) captures: Captures,
    pub(super) path: Arc<str>,
    siblings: Arc<DynamicNamespaces>,
    /// Whether it is subscribed to in a cluster. Changed under the lock of the rooms.
    #[cfg(feature = "cluster")]
    pub(super) is_subscribed: AtomicBool,
}

impl DynamicNamespaces {
    pub(crate) fn new(max_open: usize, hook: Option<NamespaceHook>) -> Self {
        Self { max_open, hook, ..Self::default() }
    }

    /// Returns the namespace of this name, or creates it. Concurrent calls return the same one.
    pub(super) fn get_or_make(
        self: &Arc<Self>,
        name: &str,
        parent: &Arc<Namespace>,
        captures: Captures,
    ) -> Option<Arc<Namespace>> {
        let mut by_name = self.lock();
        let former = by_name.get(name).and_then(Weak::upgrade);
        if let Some(child) = former.as_ref().filter(|child| !child.is_removed()) {
            return Some(Arc::clone(child));
        }
        let path: NamespacePath = name.parse().ok()?;
        let child = DynamicNamespace {
            parent: Arc::clone(parent),
            captures,
            path: name.into(),
            siblings: Arc::clone(self),
            #[cfg(feature = "cluster")]
            is_subscribed: AtomicBool::new(false),
        };
        let child = Arc::new(Namespace::child(path, child));
        by_name.insert(name.into(), Arc::downgrade(&child));
        drop(by_name);
        // Outside the lock, because dropping the last reference takes it.
        drop(former);
        Some(child)
    }

    /// Returns the open namespace of this name, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Namespace>> {
        let child = self.lock().get(name).and_then(Weak::upgrade);
        child.filter(|child| child.is_open())
    }

    /// Returns the open namespaces.
    pub(super) fn all_open(&self) -> Vec<Arc<Namespace>> {
        self.all().into_iter().filter(|child| child.is_open()).collect()
    }

    /// Returns the namespaces whose names matched this pattern.
    pub(super) fn of(&self, pattern: &Arc<Namespace>) -> Vec<Arc<Namespace>> {
        self.all().into_iter().filter(|child| child.matches(pattern)).collect()
    }

    fn all(&self) -> Vec<Arc<Namespace>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    fn flush_events(&self) {
        self.events.flush(|event| {
            if let Some(hook) = &self.hook {
                (hook.0)(event);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Weak<Namespace>, RandomState>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DynamicNamespace {
    /// Counts the namespace when its first socket connects. Returns `false` if the maximum number of namespaces is
    /// open. Must be called under the lock of its rooms, followed by [`flush_events`](Self::flush_events).
    pub(super) fn open(&self) -> bool {
        let max_open = self.siblings.max_open;
        let counted = self
            .siblings
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| (open < max_open).then_some(open + 1));
        if counted.is_ok() && self.siblings.hook.is_some() {
            self.siblings.events.push(NamespaceEvent::Created { path: Arc::clone(&self.path) });
        }
        #[cfg(feature = "cluster")]
        if counted.is_ok() {
            self.subscribe();
        }
        counted.is_ok()
    }

    /// Removes the namespace from the count when its last socket has left. Must be called under the lock of its rooms,
    /// followed by [`flush_events`](Self::flush_events).
    pub(super) fn close(&self) {
        #[cfg(feature = "cluster")]
        self.unsubscribe();
        self.siblings.open.fetch_sub(1, Ordering::AcqRel);
        if self.siblings.hook.is_some() {
            self.siblings.events.push(NamespaceEvent::Removed { path: Arc::clone(&self.path) });
        }
    }

    /// Calls the hook for queued events.
    pub(super) fn flush_events(&self) {
        self.siblings.flush_events();
    }
}

/// Removes the entry of a namespace that is no longer referenced, unless a new namespace has already replaced it.
impl Drop for DynamicNamespace {
    fn drop(&mut self) {
        let mut by_name = self.siblings.lock();
        if by_name.get(&*self.path).is_some_and(|child| child.strong_count() == 0) {
            by_name.remove(&*self.path);
            if by_name.capacity() > MIN_SHRINK_CAPACITY && by_name.len() < by_name.capacity() / 4 {
                let room = by_name.len() * 2;
                by_name.shrink_to(room);
            }
        }
    }
}

/// The capacity up to which the table is not shrunk.
const MIN_SHRINK_CAPACITY: usize = 64;

impl fmt::Debug for DynamicNamespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicNamespaces").field("open", &self.open).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(children: &Arc<DynamicNamespaces>, parent: &Arc<Namespace>, name: &str) -> Arc<Namespace> {
        let mut dispatcher = socketio_core::namespace::Dispatcher::new();
        dispatcher.insert_pattern("/{id}".parse().expect("a path")).expect("a pattern");
        let Some(socketio_core::namespace::Resolved::Pattern(_, captures)) = dispatcher.resolve(name) else {
            panic!("{name} matches the pattern")
        };
        children.get_or_make(name, parent, captures).expect("a path")
    }

    /// fault 28: names that are no longer referenced leave neither an entry nor its memory.
    #[test]
    fn names_that_were_rejected_leave_nothing() {
        let (children, parent) = (
            Arc::new(DynamicNamespaces::new(1, None)),
            Arc::new(Namespace::new("/{id}".parse().expect("a path"))),
        );
        let held: Vec<_> = (0..10_000).map(|n| child(&children, &parent, &format!("/{n}"))).collect();
        let again = child(&children, &parent, "/7");
        assert!(Arc::ptr_eq(&again, &held[7]), "the same name is the same namespace");
        drop(held);
        assert_eq!(children.lock().len(), 1);
        drop(again);
        assert_eq!(children.lock().len(), 0);
        assert!(children.lock().capacity() <= 2 * MIN_SHRINK_CAPACITY, "{}", children.lock().capacity());
        assert_eq!((Arc::strong_count(&parent), Arc::strong_count(&children)), (1, 1));
    }
}

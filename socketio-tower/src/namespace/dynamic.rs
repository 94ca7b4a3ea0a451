use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use foldhash::fast::RandomState;
use socketio_core::namespace::{Captures, NamespacePath};

use super::Namespace;
use super::hook_queue::HookQueue;

/// What happened to a namespace that met a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceEvent {
    /// Its first socket is connected.
    Created {
        /// Its path.
        path: Arc<str>,
    },
    /// Its last socket has left.
    Removed {
        /// Its path.
        path: Arc<str>,
    },
}

/// Told of it.
#[derive(Clone)]
pub(crate) struct NamespaceHook(pub(crate) Arc<dyn Fn(&NamespaceEvent) + Send + Sync>);

impl fmt::Debug for NamespaceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamespaceHook")
    }
}

/// The namespaces that met a pattern.
///
/// One is there as long as somebody holds it: a socket, one whose middlewares run, or a handle of the application. It
/// *lives* as long as it has sockets; only those that live are counted, bounded and shown.
#[derive(Default)]
pub(crate) struct DynamicNamespaces {
    known: Mutex<HashMap<Box<str>, Weak<Namespace>, RandomState>>,
    open: AtomicUsize,
    most: usize,
    events: HookQueue<NamespaceEvent>,
    hook: Option<NamespaceHook>,
}

/// What a namespace that met a pattern has beyond others.
#[derive(Debug)]
pub(super) struct DynamicNamespace {
    /// The namespace that has the pattern and the handlers.
    pub(super) parent: Arc<Namespace>,
    pub(super) captures: Captures,
    path: Arc<str>,
    siblings: Arc<DynamicNamespaces>,
}

impl DynamicNamespaces {
    pub(crate) fn new(most: usize, hook: Option<NamespaceHook>) -> Self {
        Self { most, hook, ..Self::default() }
    }

    /// The child of this name: the one that is there, or a new one. Two that ask at once get the same.
    pub(super) fn get_or_make(
        self: &Arc<Self>,
        name: &str,
        parent: &Arc<Namespace>,
        captures: Captures,
    ) -> Option<Arc<Namespace>> {
        let mut known = self.lock();
        let former = known.get(name).and_then(Weak::upgrade);
        if let Some(child) = former.as_ref().filter(|child| !child.is_removed()) {
            return Some(Arc::clone(child));
        }
        let path: NamespacePath = name.parse().ok()?;
        let child = DynamicNamespace {
            parent: Arc::clone(parent),
            captures,
            path: name.into(),
            siblings: Arc::clone(self),
        };
        let child = Arc::new(Namespace::child(path, child));
        known.insert(name.into(), Arc::downgrade(&child));
        drop(known);
        // Outside the lock, which the last to hold it takes.
        drop(former);
        Some(child)
    }

    /// Returns the open namespace of this name, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Namespace>> {
        let child = self.lock().get(name).and_then(Weak::upgrade);
        child.filter(|child| child.is_open())
    }

    /// Returns the namespaces that are open.
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

    fn tell(&self) {
        self.events.flush(|event| {
            if let Some(hook) = &self.hook {
                (hook.0)(event);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Weak<Namespace>, RandomState>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DynamicNamespace {
    /// Its first socket comes. False if as many live as may. To be called under the lock of its rooms, and
    /// [`tell`](Self::tell) afterwards.
    pub(super) fn begin(&self) -> bool {
        let most = self.siblings.most;
        let counted = self
            .siblings
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| (open < most).then_some(open + 1));
        if counted.is_ok() && self.siblings.hook.is_some() {
            self.siblings.events.push(NamespaceEvent::Created { path: Arc::clone(&self.path) });
        }
        counted.is_ok()
    }

    /// Its last socket has left. To be called under the lock of its rooms, and [`tell`](Self::tell) afterwards.
    pub(super) fn end(&self) {
        self.siblings.open.fetch_sub(1, Ordering::AcqRel);
        if self.siblings.hook.is_some() {
            self.siblings.events.push(NamespaceEvent::Removed { path: Arc::clone(&self.path) });
        }
    }

    /// Tells the hook what has happened.
    pub(super) fn tell(&self) {
        self.siblings.tell();
    }
}

/// Nobody holds the namespace any more. A successor may stand in its place already.
impl Drop for DynamicNamespace {
    fn drop(&mut self) {
        let mut known = self.siblings.lock();
        if known.get(&*self.path).is_some_and(|child| child.strong_count() == 0) {
            known.remove(&*self.path);
            if known.capacity() > KEPT && known.len() < known.capacity() / 4 {
                let room = known.len() * 2;
                known.shrink_to(room);
            }
        }
    }
}

/// Up to this many namespaces the table's room is not worth being given back.
const KEPT: usize = 64;

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
            panic!("{name} meets the pattern")
        };
        children.get_or_make(name, parent, captures).expect("a path")
    }

    /// fault 28: names that nobody holds leave neither an entry nor the room of one.
    #[test]
    fn names_that_were_refused_leave_nothing() {
        let (children, parent) = (
            Arc::new(DynamicNamespaces::new(1, None)),
            Arc::new(Namespace::new("/{id}".parse().expect("a path"))),
        );
        let held: Vec<_> = (0..10_000).map(|n| child(&children, &parent, &format!("/{n}"))).collect();
        let again = child(&children, &parent, "/7");
        assert!(Arc::ptr_eq(&again, &held[7]), "two that ask get the same");
        drop(held);
        assert_eq!(children.lock().len(), 1);
        drop(again);
        assert_eq!(children.lock().len(), 0);
        assert!(children.lock().capacity() <= 2 * KEPT, "{}", children.lock().capacity());
        assert_eq!((Arc::strong_count(&parent), Arc::strong_count(&children)), (1, 1));
    }
}

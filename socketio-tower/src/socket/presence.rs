use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use socketio_core::SocketId;
use socketio_core::namespace::MemberKey;
use tokio_util::sync::CancellationToken;

use super::lifecycle::Lifecycle;
use super::shown::Shown;
use crate::filter::EventPolicy;
use crate::namespace::{EventHandler, Filter, Listener};
use crate::sync::{AtomicBool, Mutex, MutexGuard, OnceLock};

/// The presence of a socket in its namespace: its lifecycle, its membership and its extras. Threads of the application
/// use it concurrently with the session's task, which connects and ends the socket.
#[derive(Debug)]
pub(super) struct Presence {
    /// Stored here to fill padding, which saves 8 bytes per socket.
    id: SocketId,
    lifecycle: Lifecycle,
    /// The key of its membership, once it is connected.
    member: OnceLock<MemberKey>,
    /// Listeners and other additions of this socket only; most sockets have none.
    extras: OnceLock<Box<Extras>>,
}

impl Presence {
    pub(super) fn new(id: SocketId, lifecycle: Lifecycle) -> Self {
        Self { id, lifecycle, member: OnceLock::new(), extras: OnceLock::new() }
    }

    pub(super) fn id(&self) -> SocketId {
        self.id
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Returns the key of its membership, or `None` if it was never connected.
    pub(super) fn member(&self) -> Option<MemberKey> {
        self.member.get().copied()
    }

    /// Returns its extras, if it has any.
    pub(super) fn extras_if_any(&self) -> Option<&Extras> {
        self.extras.get().map(|extras| &**extras)
    }

    /// Returns its extras, creating them if necessary, or `None` if the socket is gone.
    pub(super) fn extras(&self) -> Option<&Extras> {
        if self.lifecycle.is_gone() {
            return None;
        }
        let extras = self.extras.get_or_init(Box::default);
        // If the socket was retired meanwhile, `retire` may not have seen the new extras and closed them.
        if self.lifecycle.is_retired() {
            extras.close();
        }
        Some(extras)
    }

    /// Joins a room, or stores it until the socket is connected. Returns `false` if the socket is gone.
    pub(super) fn join(&self, room: &str, join: impl FnOnce(MemberKey) -> bool) -> bool {
        match self.member() {
            Some(_) if self.lifecycle.is_gone() => false,
            Some(member) => join(member),
            None => {
                let later = self.extras().is_some_and(|extras| extras.join_later(room));
                // If the socket was connected meanwhile, `connect` may have taken the stored rooms just before. If it
                // saw no extras, it preceded the check of the lifecycle in `extras`, and so the key is visible here.
                self.member().map_or(later, join)
            }
        }
    }

    /// Leaves a room, or removes it from the stored rooms. Returns `false` if the socket was not in it.
    pub(super) fn leave(&self, room: &str, leave: impl FnOnce(MemberKey) -> bool) -> bool {
        if let Some(member) = self.member() {
            return leave(member);
        }
        let early = self.extras().is_some_and(|extras| extras.leave_early(room));
        self.member().map_or(early, |member| leave(member) || early)
    }

    /// Marks the socket as a connected member. Returns the rooms that it has joined before.
    pub(super) fn connect(&self, member: MemberKey) -> Vec<Box<str>> {
        self.member.get_or_init(|| member);
        self.lifecycle.connect();
        self.extras_if_any().map_or_else(Vec::new, Extras::take_joins)
    }

    /// Marks the socket as retired and drops its extras.
    pub(super) fn retire(&self) {
        self.lifecycle.retire();
        if let Some(extras) = self.extras_if_any() {
            extras.close();
        }
    }
}

/// Additions of one socket to its namespace's table: listeners, filters, a policy, tasks and public data.
///
/// Its lock is held while lists are changed or copied, never while their entries are called.
#[derive(Debug, Default)]
pub(super) struct Extras {
    inner: Mutex<Inner>,
    /// Set if there is a policy or an entry that events must be checked against.
    guarded: AtomicBool,
}

#[derive(Default)]
struct Inner {
    entries: Vec<(ListenerId, Entry)>,
    policy: Option<EventPolicy>,
    /// The public data.
    shown: Option<Shown>,
    /// The rooms to join when the socket is connected.
    joins: Vec<Box<str>>,
    last: u64,
    /// Cancelled when the socket is retired; created with the first task.
    tasks: Option<CancellationToken>,
    /// Set when the socket is retired. Entries are then rejected, because one that captures a handle to the socket
    /// would never be freed.
    closed: bool,
}

/// The id of a listener or filter of one socket, for [`Socket::off`](super::Socket::off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    /// The id of a rejected entry. No entry ever has it.
    pub(super) const NONE: Self = Self(0);
}

pub(super) enum Entry {
    Event { name: Arc<str>, handler: Arc<EventHandler>, once: bool },
    Filter(Filter),
    Outgoing(Listener),
}

impl Extras {
    /// Adds an entry. Returns `None` if the socket is gone.
    pub(super) fn add(&self, entry: Entry) -> Option<ListenerId> {
        let mut inner = self.lock();
        if inner.closed {
            return None;
        }
        inner.last += 1;
        let id = ListenerId(inner.last);
        inner.entries.push((id, entry));
        self.update_guarded(&inner);
        Some(id)
    }

    pub(super) fn remove(&self, id: ListenerId) -> bool {
        let mut inner = self.lock();
        let index = inner.entries.iter().position(|(other, _)| *other == id);
        let removed = index.map(|index| inner.entries.remove(index));
        self.update_guarded(&inner);
        drop(inner);
        // The entry and its captures are dropped outside the lock.
        removed.is_some()
    }

    pub(super) fn remove_all(&self, event: &str) -> usize {
        let is_of = |entry: &Entry| matches!(entry, Entry::Event { name, .. } if **name == *event);
        self.extract(|_, entry| is_of(entry)).len()
    }

    /// Returns the listeners of an event in the order they were added, and removes those registered with `once`.
    pub(super) fn listeners(&self, event: &str) -> Vec<(Arc<str>, Arc<EventHandler>)> {
        let mut inner = self.lock();
        let mut listeners = Vec::new();
        inner.entries.retain(|(_, entry)| match entry {
            Entry::Event { name, handler, once } if **name == *event => {
                listeners.push((Arc::clone(name), Arc::clone(handler)));
                !once
            }
            _ => true,
        });
        self.update_guarded(&inner);
        listeners
    }

    pub(super) fn filters(&self) -> Vec<Filter> {
        let inner = self.lock();
        let filters = inner.entries.iter().filter_map(|(_, entry)| match entry {
            Entry::Filter(filter) => Some(filter.clone()),
            _ => None,
        });
        filters.collect()
    }

    pub(super) fn outgoing(&self) -> Vec<Listener> {
        let inner = self.lock();
        let listeners = inner.entries.iter().filter_map(|(_, entry)| match entry {
            Entry::Outgoing(listener) => Some(Arc::clone(listener)),
            _ => None,
        });
        listeners.collect()
    }

    /// Calls `read` with the socket's own policy, if it has one.
    pub(super) fn with_policy<R>(&self, read: impl FnOnce(Option<&EventPolicy>) -> R) -> R {
        read(self.lock().policy.as_ref())
    }

    /// Changes the socket's own policy. `None` means the policy of the namespace.
    pub(super) fn change_policy(&self, change: impl FnOnce(&mut Option<EventPolicy>)) {
        let mut inner = self.lock();
        change(&mut inner.policy);
        self.update_guarded(&inner);
    }

    /// Stores a room to join when the socket is connected. Returns `false` if the socket is gone.
    pub(super) fn join_later(&self, room: &str) -> bool {
        let mut inner = self.lock();
        if !inner.closed && !inner.joins.iter().any(|other| **other == *room) {
            inner.joins.push(room.into());
        }
        !inner.closed
    }

    /// Removes a stored room. Returns `false` if it was not stored.
    pub(super) fn leave_early(&self, room: &str) -> bool {
        let mut inner = self.lock();
        let before = inner.joins.len();
        inner.joins.retain(|other| **other != *room);
        inner.joins.len() != before
    }

    pub(super) fn take_joins(&self) -> Vec<Box<str>> {
        std::mem::take(&mut self.lock().joins)
    }

    /// Sets the public data. Returns the previous value, or `value` if the socket is gone.
    pub(super) fn show(&self, value: Shown) -> Option<Shown> {
        let mut inner = self.lock();
        if inner.closed { Some(value) } else { inner.shown.replace(value) }
    }

    pub(super) fn shown(&self) -> Option<Shown> {
        self.lock().shown.clone()
    }

    /// Returns `true` if events must be checked against a policy or an entry.
    pub(super) fn is_guarded(&self) -> bool {
        self.guarded.load(Ordering::Acquire)
    }

    /// Returns the token that cancels the socket's tasks, or `None` if the socket is gone.
    pub(super) fn tasks(&self) -> Option<CancellationToken> {
        let mut inner = self.lock();
        (!inner.closed).then(|| inner.tasks.get_or_insert_default().clone())
    }

    /// Drops all entries and values, cancels the tasks, and rejects new entries from now on.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let (tasks, shown) = (inner.tasks.take(), inner.shown.take());
        drop(inner);
        drop(shown);
        if let Some(tasks) = tasks {
            tasks.cancel();
        }
        self.extract(|_, _| true);
    }

    /// Removes entries and returns them, to be dropped outside the lock.
    fn extract(&self, which: impl Fn(ListenerId, &Entry) -> bool) -> Vec<(ListenerId, Entry)> {
        let mut inner = self.lock();
        let entries = std::mem::take(&mut inner.entries);
        let (taken, kept) = entries.into_iter().partition(|(id, entry)| which(*id, entry));
        inner.entries = kept;
        self.update_guarded(&inner);
        taken
    }

    /// Updates `guarded` after a change of the policy or the entries.
    fn update_guarded(&self, inner: &Inner) {
        let guarded = inner.policy.is_some() || !inner.entries.is_empty();
        self.guarded.store(guarded, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code under the lock can panic with the state half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("entries", &self.entries.len())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, socketio_loom))]
mod models;

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

/// A socket among the members of its namespace: how far it has come, its place, and what it has of its own. Threads of the
/// application ask and change it while its task connects it and lets it go.
#[derive(Debug)]
pub(super) struct Presence {
    /// Here it takes the room that the others leave: 8 bytes less for each socket.
    id: SocketId,
    lifecycle: Lifecycle,
    /// Its place, once it has one.
    member: OnceLock<MemberKey>,
    /// What it has beyond its namespace's table; most have nothing.
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

    /// Its place among the members. None before it has one.
    pub(super) fn member(&self) -> Option<MemberKey> {
        self.member.get().copied()
    }

    /// Its extras, if it has one.
    pub(super) fn extras_if_any(&self) -> Option<&Extras> {
        self.extras.get().map(|extras| &**extras)
    }

    /// Its extras; made if it has none yet. None if it is gone.
    pub(super) fn extras(&self) -> Option<&Extras> {
        if self.lifecycle.is_gone() {
            return None;
        }
        let extras = self.extras.get_or_init(Box::default);
        // Retired meanwhile: whoever saw to that may have found no extras to be closed.
        if self.lifecycle.is_retired() {
            extras.close();
        }
        Some(extras)
    }

    /// Joins a room as the member it is, or keeps the room until it is one. False if it is gone.
    pub(super) fn join(&self, room: &str, join: impl FnOnce(MemberKey) -> bool) -> bool {
        match self.member() {
            Some(_) if self.lifecycle.is_gone() => false,
            Some(member) => join(member),
            None => {
                let later = self.extras().is_some_and(|extras| extras.join_later(room));
                // Connected meanwhile: the joins may have been taken just before. Whoever found no extras to take them from
                // was there before `extras` looked at its lifecycle, and is seen here.
                self.member().map_or(later, join)
            }
        }
    }

    /// Leaves a room as the member it is, or forgets the room that was kept. False if it was not there.
    pub(super) fn leave(&self, room: &str, leave: impl FnOnce(MemberKey) -> bool) -> bool {
        if let Some(member) = self.member() {
            return leave(member);
        }
        let early = self.extras().is_some_and(|extras| extras.leave_early(room));
        self.member().map_or(early, |member| leave(member) || early)
    }

    /// It is a member from now on. Returns the rooms that it has joined before.
    pub(super) fn connect(&self, member: MemberKey) -> Vec<Box<str>> {
        self.member.get_or_init(|| member);
        self.lifecycle.connect();
        self.extras_if_any().map_or_else(Vec::new, Extras::take_joins)
    }

    /// It will never receive anything again: what it has of its own is dropped.
    pub(super) fn retire(&self) {
        self.lifecycle.retire();
        if let Some(extras) = self.extras_if_any() {
            extras.close();
        }
    }
}

/// What one socket has beyond its namespace's table: listeners, filters, a policy of its own, tasks, a value to show.
///
/// Its lock is held while lists are changed or copied, never across a call of what is in them.
#[derive(Debug, Default)]
pub(super) struct Extras {
    inner: Mutex<Inner>,
    /// Whether there was ever something that an event must be shown to.
    guarded: AtomicBool,
}

#[derive(Default)]
struct Inner {
    entries: Vec<(ListenerId, Entry)>,
    policy: Option<EventPolicy>,
    /// What the socket shows of itself.
    shown: Option<Shown>,
    /// The rooms it joins when it is let in.
    joins: Vec<Box<str>>,
    last: u64,
    /// Cancelled when the socket is gone; made for its first task.
    tasks: Option<CancellationToken>,
    /// The socket is gone: nothing is taken any more, so that what it captures is freed with the socket, even a handle
    /// to the socket itself.
    closed: bool,
}

/// Names a listener or a filter of one socket, to take it away again with [`Socket::off`](super::Socket::off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    /// Of what was not taken; never given to anything.
    pub(super) const NONE: Self = Self(0);
}

pub(super) enum Entry {
    Event { name: Arc<str>, handler: Arc<EventHandler>, once: bool },
    Filter(Filter),
    Outgoing(Listener),
}

impl Extras {
    /// None if the socket is gone.
    pub(super) fn add(&self, entry: Entry) -> Option<ListenerId> {
        let mut inner = self.lock();
        if inner.closed {
            return None;
        }
        inner.last += 1;
        let id = ListenerId(inner.last);
        inner.entries.push((id, entry));
        self.settle(&inner);
        Some(id)
    }

    pub(super) fn remove(&self, id: ListenerId) -> bool {
        let mut inner = self.lock();
        let index = inner.entries.iter().position(|(other, _)| *other == id);
        let removed = index.map(|index| inner.entries.remove(index));
        self.settle(&inner);
        drop(inner);
        // Outside the lock, with what it captures.
        removed.is_some()
    }

    pub(super) fn remove_all(&self, event: &str) -> usize {
        let is_of = |entry: &Entry| matches!(entry, Entry::Event { name, .. } if **name == *event);
        self.extract(|_, entry| is_of(entry)).len()
    }

    /// The listeners of an event, in the order in which they were added; those that listen once are taken.
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
        self.settle(&inner);
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

    /// Looks at the socket's own policy, if it has one.
    pub(super) fn with_policy<R>(&self, look: impl FnOnce(Option<&EventPolicy>) -> R) -> R {
        look(self.lock().policy.as_ref())
    }

    /// Changes the socket's own policy; `None` is that of the namespace.
    pub(super) fn change_policy(&self, change: impl FnOnce(&mut Option<EventPolicy>)) {
        let mut inner = self.lock();
        change(&mut inner.policy);
        self.settle(&inner);
    }

    /// Keeps a room for when the socket is let in. False if it is gone.
    pub(super) fn join_later(&self, room: &str) -> bool {
        let mut inner = self.lock();
        if !inner.closed && !inner.joins.iter().any(|other| **other == *room) {
            inner.joins.push(room.into());
        }
        !inner.closed
    }

    /// False if the room was not kept.
    pub(super) fn leave_early(&self, room: &str) -> bool {
        let mut inner = self.lock();
        let before = inner.joins.len();
        inner.joins.retain(|other| **other != *room);
        inner.joins.len() != before
    }

    pub(super) fn take_joins(&self) -> Vec<Box<str>> {
        std::mem::take(&mut self.lock().joins)
    }

    /// Keeps what the socket shows of itself; gives back what it was, or what comes too late.
    pub(super) fn show(&self, value: Shown) -> Option<Shown> {
        let mut inner = self.lock();
        if inner.closed { Some(value) } else { inner.shown.replace(value) }
    }

    pub(super) fn shown(&self) -> Option<Shown> {
        self.lock().shown.clone()
    }

    /// Whether an event must be shown to somebody here.
    pub(super) fn is_guarded(&self) -> bool {
        self.guarded.load(Ordering::Acquire)
    }

    /// What ends the tasks of the socket. None if it is gone.
    pub(super) fn tasks(&self) -> Option<CancellationToken> {
        let mut inner = self.lock();
        (!inner.closed).then(|| inner.tasks.get_or_insert_default().clone())
    }

    /// The socket is gone.
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

    /// Takes entries out, to be dropped outside the lock.
    fn extract(&self, which: impl Fn(ListenerId, &Entry) -> bool) -> Vec<(ListenerId, Entry)> {
        let mut inner = self.lock();
        let entries = std::mem::take(&mut inner.entries);
        let (taken, kept) = entries.into_iter().partition(|(id, entry)| which(*id, entry));
        inner.entries = kept;
        self.settle(&inner);
        taken
    }

    /// Nothing is guarded any more when the last entry has gone.
    fn settle(&self, inner: &Inner) {
        let guarded = inner.policy.is_some() || !inner.entries.is_empty();
        self.guarded.store(guarded, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock can panic half-way.
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

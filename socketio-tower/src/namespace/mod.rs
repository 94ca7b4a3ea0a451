//! A namespace: its handlers and its members.

mod builder;
pub use builder::NamespaceBuilder;

/// Types as namespaces, by a trait that has the name which the struct below has inside this crate.
pub(crate) mod instance;

pub(crate) mod method;

mod table;
pub(crate) use table::{EventHandler, Filter, Listener, Table, on};

mod room_event;
pub use room_event::RoomEvent;

mod room_events;

mod hook_queue;
use hook_queue::HookQueue;

mod dynamic;
use dynamic::DynamicNamespace;
use dynamic::DynamicNamespaces;
pub use dynamic::NamespaceEvent;
pub(crate) use dynamic::NamespaceHook;

mod define;
mod setup;

mod set;
pub(crate) use set::{NamespaceSet, NamespaceSettings};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use foldhash::fast::RandomState;
use socketio_core::SocketId;
use socketio_core::namespace::{Captures, Dispatcher, MemberKey, NamespacePath, Rooms};
use socketio_core::packet::AckId;

use crate::handler::{Cause, Limit};
use crate::socket::Socket;

/// What all sockets of a namespace share.
#[derive(Debug)]
pub(crate) struct Namespace {
    path: NamespacePath,
    /// If it met a pattern.
    child: Option<Box<DynamicNamespace>>,
    /// Replaced whole: a client that connects meets all of it or nothing.
    table: RwLock<Arc<Table>>,
    /// One lock around all rooms, held for as long as it takes to copy handles out.
    rooms: Mutex<Members>,
    /// With the table of the socket that did it, whose hooks are told.
    room_events: HookQueue<(Arc<Table>, RoomEvent)>,
    /// Whether it was taken away: nobody becomes a member any more.
    removed: AtomicBool,
    /// Shared by emits and broadcasts, so that a broadcast has one id for all.
    ack_ids: AtomicU64,
}

impl Namespace {
    pub(crate) fn new(path: NamespacePath) -> Self {
        Self {
            path,
            child: None,
            table: RwLock::default(),
            rooms: Mutex::new(Rooms::with_hasher(RandomState::default())),
            room_events: HookQueue::default(),
            removed: AtomicBool::new(false),
            ack_ids: AtomicU64::new(0),
        }
    }

    fn child(path: NamespacePath, child: DynamicNamespace) -> Self {
        Self { child: Some(Box::new(child)), ..Self::new(path) }
    }

    /// Whether it has a pattern for a path, and so no sockets.
    pub(crate) fn is_pattern(&self) -> bool {
        self.child.is_none() && Dispatcher::is_pattern(&self.path)
    }

    /// What the parts in braces of its pattern stand for, if it met one.
    pub(crate) fn captures(&self) -> Option<&Captures> {
        self.child.as_ref().map(|child| &child.captures)
    }

    /// Nobody becomes a member of it any more, nor of what lives by it. Whoever is one already is found in its rooms by
    /// those that look after this.
    fn remove_itself(&self) {
        self.removed.store(true, Ordering::Release);
    }

    fn is_removed(&self) -> bool {
        let defined = self.child.as_ref().map_or(self, |child| &child.parent);
        defined.removed.load(Ordering::Acquire)
    }

    fn matches(&self, pattern: &Arc<Self>) -> bool {
        self.child.as_ref().is_some_and(|child| Arc::ptr_eq(&child.parent, pattern))
    }

    /// Whether it has sockets, and may have more.
    fn is_open(&self) -> bool {
        !self.is_removed() && !self.rooms().is_empty()
    }

    /// Adds a member, if there may be one more.
    pub(crate) fn insert(&self, socket: &Socket) -> Result<MemberKey, Barred> {
        let mut rooms = self.rooms();
        // Under the lock: whoever removes it takes the lock afterwards, and finds the members that came before.
        if self.is_removed() {
            return Err(Barred::Removed);
        }
        let begins = self.child.as_ref().filter(|_| rooms.is_empty());
        if begins.is_some_and(|child| !child.begin()) {
            return Err(Barred::Namespaces);
        }
        let member = rooms.insert(socket.id(), socket.clone());
        if member.is_err()
            && let Some(child) = begins
        {
            child.end();
        }
        let member = member.map_err(|_| Barred::IdTaken);
        if let Ok(member) = member {
            // Under the same lock: nobody finds it in the rooms before it is a member, nor without what it joined in its
            // middlewares.
            for room in socket.set_member(member) {
                self.join_under(&mut rooms, socket, member, &room);
            }
        }
        drop(rooms);
        if let Some(child) = begins {
            child.tell();
        }
        if socket.listens_to_rooms() {
            self.tell_rooms(socket);
        }
        member
    }

    pub(crate) fn path(&self) -> &str {
        self.path.as_str()
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        if let Some(child) = &self.child {
            return child.parent.table();
        }
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, table: Table) {
        let mut current = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *current, Arc::new(table));
        drop(current);
        // Outside the lock: it may be the last to hold what the application's closures captured.
        drop(former);
    }

    pub(crate) fn rooms(&self) -> MutexGuard<'_, Members> {
        // Nothing of the application's runs under the lock.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The member of this id.
    pub(crate) fn socket(&self, id: &SocketId) -> Option<Socket> {
        let rooms = self.rooms();
        rooms.get(rooms.find(id)?).cloned()
    }

    pub(crate) fn new_ack_id(&self) -> AckId {
        AckId(self.ack_ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// The members of a namespace, by their rooms.
pub(crate) type Members = Rooms<Socket, RandomState>;

/// Why a socket cannot be a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barred {
    /// The namespace was taken away.
    Removed,
    /// There is one with its id.
    IdTaken,
    /// As many namespaces live as may.
    Namespaces,
}

impl Barred {
    /// What the application is told.
    pub(crate) fn cause(self) -> Cause {
        match self {
            Self::Removed => Cause::UnknownNamespace,
            Self::IdTaken => Cause::LimitReached(Limit::Ids),
            Self::Namespaces => Cause::LimitReached(Limit::DynamicNamespaces),
        }
    }
}

/// The membership of a socket; dropped, the socket is marked as gone and leaves its rooms.
#[derive(Debug)]
pub(crate) struct Membership {
    socket: Socket,
    namespace: Arc<Namespace>,
    member: MemberKey,
}

impl Membership {
    pub(crate) fn new(socket: Socket, namespace: Arc<Namespace>, member: MemberKey) -> Self {
        Self { socket, namespace, member }
    }

    /// Ends the membership and tells the rooms it was in.
    pub(crate) fn end(self) -> Vec<String> {
        self.leave()
    }

    fn leave(&self) -> Vec<String> {
        self.socket.mark_gone();
        self.namespace.remove(&self.socket, self.member)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}

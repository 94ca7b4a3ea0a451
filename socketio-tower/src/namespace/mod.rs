//! Namespaces: their handlers and their members.

mod builder;
pub use builder::NamespaceBuilder;

/// Namespaces as types.
pub(crate) mod instance;

pub(crate) mod method;

#[cfg(feature = "cluster")]
mod server_event;
#[cfg(feature = "cluster")]
pub(crate) use server_event::is_reserved as is_reserved_server_event;

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

#[cfg(feature = "cluster")]
mod subscribing;

mod set;
pub(crate) use set::{NamespaceSet, NamespaceSettings};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use foldhash::fast::RandomState;
use socketio_core::SocketId;
use socketio_core::namespace::{Captures, Dispatcher, MemberKey, NamespacePath, Rooms};
use socketio_core::packet::AckId;

#[cfg(feature = "cluster")]
use crate::bus::{Joined, Slot};
use crate::handler::{Cause, Limit};
use crate::socket::Socket;

/// The state shared by all sockets of a namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    path: NamespacePath,
    /// Set if the name matches a pattern.
    child: Option<Box<DynamicNamespace>>,
    /// Replaced as a whole: a connecting client sees a complete definition.
    table: RwLock<Arc<Table>>,
    /// A single lock for all rooms, held only as long as it takes to copy handles.
    rooms: Mutex<Members>,
    /// Events with the table of the socket that caused them, whose hooks are called.
    room_events: HookQueue<(Arc<Table>, RoomEvent)>,
    /// Set once the namespace has been removed: no socket can join it any longer.
    removed: AtomicBool,
    /// The next ack id. Shared by emits and broadcasts, so that a broadcast has one id for all sockets.
    ack_ids: AtomicU64,
    #[cfg(feature = "cluster")]
    cluster: Slot,
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
            #[cfg(feature = "cluster")]
            cluster: Slot::default(),
        }
    }

    fn child(path: NamespacePath, child: DynamicNamespace) -> Self {
        Self {
            #[cfg(feature = "cluster")]
            cluster: child.parent.cluster.clone(),
            child: Some(Box::new(child)),
            ..Self::new(path)
        }
    }

    /// Returns `true` if the path is a pattern. Such a namespace has no sockets.
    pub(crate) fn is_pattern(&self) -> bool {
        self.child.is_none() && Dispatcher::is_pattern(&self.path)
    }

    /// Returns the path parameters, if the name matches a pattern.
    pub(crate) fn captures(&self) -> Option<&Captures> {
        self.child.as_ref().map(|child| &child.captures)
    }

    /// Marks the namespace and the dynamic namespaces of its pattern as removed. No socket can join any longer, and the
    /// existing members are all in the rooms.
    fn mark_removed(&self) {
        self.removed.store(true, Ordering::Release);
    }

    fn is_removed(&self) -> bool {
        let defined = self.child.as_ref().map_or(self, |child| &child.parent);
        defined.removed.load(Ordering::Acquire)
    }

    fn matches(&self, pattern: &Arc<Self>) -> bool {
        self.child.as_ref().is_some_and(|child| Arc::ptr_eq(&child.parent, pattern))
    }

    /// Returns `true` if the namespace has sockets and has not been removed.
    fn is_open(&self) -> bool {
        !self.is_removed() && !self.rooms().is_empty()
    }

    /// Adds a socket to the members, within the limits.
    pub(crate) fn insert(&self, socket: &Socket) -> Result<MemberKey, Barred> {
        let mut rooms = self.rooms();
        // Under the lock: removal takes the lock afterwards, and finds earlier members.
        if self.is_removed() {
            return Err(Barred::Removed);
        }
        let opened = self.child.as_ref().filter(|_| rooms.is_empty());
        if opened.is_some_and(|child| !child.open()) {
            return Err(Barred::Namespaces);
        }
        let member = rooms.insert(socket.id(), socket.clone());
        if member.is_err()
            && let Some(child) = opened
        {
            child.close();
        }
        let member = member.map_err(|_| Barred::IdTaken);
        if let Ok(member) = member {
            // Under the same lock, so that no broadcast finds the socket before it is a member, or without the rooms
            // that it joined in its middlewares.
            for room in socket.set_member(member) {
                self.join_under(&mut rooms, socket, member, &room);
            }
        }
        drop(rooms);
        if let Some(child) = opened {
            child.flush_events();
        }
        if socket.listens_to_rooms() {
            self.flush_room_events(socket);
        }
        member
    }

    pub(crate) fn path(&self) -> &str {
        self.path.as_str()
    }

    /// Returns the cluster, if the server is in one.
    #[cfg(feature = "cluster")]
    pub(crate) fn cluster(&self) -> Option<&Arc<Joined>> {
        self.cluster.get()
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
        // Outside the lock: this may drop the last reference to captures of the application's closures.
        drop(former);
    }

    pub(crate) fn rooms(&self) -> MutexGuard<'_, Members> {
        // No application code runs under the lock.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the member with this id.
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

/// The reason that a socket cannot become a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barred {
    /// The namespace was removed.
    Removed,
    /// Another member has the same id.
    IdTaken,
    /// The maximum number of dynamic namespaces is open.
    Namespaces,
}

impl Barred {
    /// Returns the cause to report to the application.
    pub(crate) fn cause(self) -> Cause {
        match self {
            Self::Removed => Cause::UnknownNamespace,
            Self::IdTaken => Cause::LimitReached(Limit::Ids),
            Self::Namespaces => Cause::LimitReached(Limit::DynamicNamespaces),
        }
    }
}

/// The membership of a socket. When dropped, the socket is marked as gone and leaves its rooms.
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

    /// Ends the membership. Returns the rooms the socket was in.
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

use std::collections::BTreeMap;

use crate::SocketId;
use crate::namespace::NamespacePath;
use crate::packet::AckId;

/// A socket of a [`Connection`](super::Connection): the client on one namespace, from the connection request until the
/// disconnect. Keys are not reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey(u32);

/// The sockets of a client, at most one per namespace.
#[derive(Debug)]
pub(super) struct Sockets<A> {
    entries: Vec<Entry<A>>,
    next: SocketKey,
}

#[derive(Debug)]
struct Entry<A> {
    socket: SocketKey,
    namespace: NamespacePath,
    /// `None` until the server has connected the socket.
    id: Option<SocketId>,
    /// The tokens of pending acks.
    acks: BTreeMap<AckId, A>,
}

impl<A> Sockets<A> {
    /// Adds a socket with a pending connection request. There must be no other socket on its namespace.
    pub(super) fn insert(&mut self, namespace: NamespacePath) -> SocketKey {
        let socket = self.next;
        self.next = SocketKey(socket.0.wrapping_add(1));
        self.entries.push(Entry { socket, namespace, id: None, acks: BTreeMap::new() });
        socket
    }

    /// Returns the socket on a namespace, connected or not.
    pub(super) fn find(&self, namespace: &str) -> Option<SocketKey> {
        self.entries.iter().find(|entry| entry.namespace.as_str() == namespace).map(|entry| entry.socket)
    }

    /// Marks a socket as connected. Returns `false` if it already was.
    pub(super) fn connect(&mut self, socket: SocketKey, id: SocketId) -> bool {
        let pending = self.entry(socket).filter(|entry| entry.id.is_none());
        pending.map(|entry| entry.id = Some(id)).is_some()
    }

    pub(super) fn is_connected(&self, socket: SocketKey) -> bool {
        self.entries.iter().any(|entry| entry.socket == socket && entry.id.is_some())
    }

    /// Stores the token of a pending ack.
    pub(super) fn expect_ack(&mut self, socket: SocketKey, id: AckId, token: A) {
        if let Some(entry) = self.entry(socket) {
            entry.acks.insert(id, token);
        }
    }

    /// Removes the token of an ack that has arrived.
    pub(super) fn take_ack(&mut self, socket: SocketKey, id: AckId) -> Option<A> {
        self.entry(socket)?.acks.remove(&id)
    }

    /// Removes a socket, and returns its namespace.
    pub(super) fn remove(&mut self, socket: SocketKey) -> Option<NamespacePath> {
        let at = self.entries.iter().position(|entry| entry.socket == socket)?;
        Some(self.entries.remove(at).namespace)
    }

    /// Removes all sockets.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = SocketKey> {
        self.entries.drain(..).map(|entry| entry.socket)
    }

    fn entry(&mut self, socket: SocketKey) -> Option<&mut Entry<A>> {
        self.entries.iter_mut().find(|entry| entry.socket == socket)
    }
}

impl<A> Default for Sockets<A> {
    fn default() -> Self {
        Self { entries: Vec::new(), next: SocketKey(0) }
    }
}

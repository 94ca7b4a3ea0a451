use std::collections::BTreeMap;

use crate::SocketId;
use crate::namespace::NamespacePath;
use crate::packet::AckId;

/// A socket of a [`Connection`](super::Connection): the client on one namespace, from its request to connect to its end. It is
/// never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey(u32);

/// The sockets of a client, one a namespace.
#[derive(Debug)]
pub(super) struct Sockets<A> {
    places: Vec<Place<A>>,
    next: SocketKey,
}

#[derive(Debug)]
struct Place<A> {
    socket: SocketKey,
    namespace: NamespacePath,
    /// None until the server has connected it.
    id: Option<SocketId>,
    /// The answers that are awaited.
    acks: BTreeMap<AckId, A>,
}

impl<A> Sockets<A> {
    /// Adds a socket that asks to be connected. There must be none on its namespace.
    pub(super) fn insert(&mut self, namespace: NamespacePath) -> SocketKey {
        let socket = self.next;
        self.next = SocketKey(socket.0.wrapping_add(1));
        self.places.push(Place { socket, namespace, id: None, acks: BTreeMap::new() });
        socket
    }

    /// Returns the socket on a namespace, whether or not it is connected.
    pub(super) fn on(&self, namespace: &str) -> Option<SocketKey> {
        self.places.iter().find(|place| place.namespace.as_str() == namespace).map(|place| place.socket)
    }

    /// Connects a socket; false if it is connected.
    pub(super) fn connect(&mut self, socket: SocketKey, id: SocketId) -> bool {
        let asking = self.place(socket).filter(|place| place.id.is_none());
        asking.map(|place| place.id = Some(id)).is_some()
    }

    pub(super) fn is_connected(&self, socket: SocketKey) -> bool {
        self.places.iter().any(|place| place.socket == socket && place.id.is_some())
    }

    /// Awaits an answer.
    pub(super) fn ask(&mut self, socket: SocketKey, id: AckId, token: A) {
        if let Some(place) = self.place(socket) {
            place.acks.insert(id, token);
        }
    }

    /// Takes the token of an answer that has come.
    pub(super) fn answered(&mut self, socket: SocketKey, id: AckId) -> Option<A> {
        self.place(socket)?.acks.remove(&id)
    }

    /// Removes a socket, and returns its namespace.
    pub(super) fn remove(&mut self, socket: SocketKey) -> Option<NamespacePath> {
        let at = self.places.iter().position(|place| place.socket == socket)?;
        Some(self.places.remove(at).namespace)
    }

    /// Removes all sockets.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = SocketKey> {
        self.places.drain(..).map(|place| place.socket)
    }

    fn place(&mut self, socket: SocketKey) -> Option<&mut Place<A>> {
        self.places.iter_mut().find(|place| place.socket == socket)
    }
}

impl<A> Default for Sockets<A> {
    fn default() -> Self {
        Self { places: Vec::new(), next: SocketKey(0) }
    }
}

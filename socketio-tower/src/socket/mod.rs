//! One client on one namespace, as the application sees it.

mod ack;
pub use ack::EmitWithAck;
pub(crate) use ack::{AckRight, AckSlot, LentAck};

mod client;
pub use client::Client;

mod data;

mod encode;
pub(crate) use encode::with_encoder;

mod lifecycle;
use lifecycle::Lifecycle;

mod listen;
pub(crate) use listen::Judgement;
pub use listen::SocketPolicy;

mod operator;
pub use operator::SocketOperator;

mod presence;
pub use presence::ListenerId;
use presence::Presence;

mod send;
mod shown;
mod task;

use std::fmt;
use std::sync::Arc;

use socketio_core::namespace::{Captures, MemberKey};
use socketio_core::{SocketId, SocketKey, Transport};

use crate::extensions::Extensions;
use crate::handshake::Handshake;
use crate::namespace::{Barred, Membership, Namespace, NamespaceSet, Table};
use crate::observer::{ClientId, Observation};
use crate::server::Server;
use crate::session::{Command, Session};

/// One client on one namespace.
///
/// A handle: cloning is cheap, and it may be kept and used on any thread. After the socket has been
/// disconnected it reaches nobody, and [`emit`](Self::emit) says so.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    key: SocketKey,
    session: Arc<Session>,
    namespace: Arc<Namespace>,
    table: Arc<Table>,
    namespaces: Arc<NamespaceSet>,
    presence: Presence,
    extensions: Extensions,
}

/// What it is.
impl Socket {
    /// The public name of the socket, `socket.id` on the client. It is also the name of a room in which
    /// the socket is alone, until it leaves it or others join.
    pub fn id(&self) -> SocketId {
        self.0.presence.id()
    }

    /// The path of its namespace.
    pub fn namespace(&self) -> &str {
        self.0.namespace.path()
    }

    /// Whether it is connected: from before the connect handler until it leaves, or is disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.presence.lifecycle().is_connected()
    }

    /// The transport its client has at the moment.
    pub fn transport(&self) -> Transport {
        self.0.session.transport()
    }

    /// The request that opened its client's session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.session.handshake
    }

    /// Its client, with whom it may share the connection with sockets of other namespaces.
    pub fn client(&self) -> Client {
        Client::new(Arc::clone(&self.0.session), Arc::clone(&self.0.namespaces))
    }

    /// Values kept with this socket; dropped when its disconnect handler has ended. For those that all namespaces of the
    /// connection share, see [`Client::extensions`](crate::Client::extensions).
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// Rooms, and the end.
impl Socket {
    /// Joins a room. False if it has gone. In a middleware the socket joins when it is let in, before the client is told
    /// that it is connected.
    ///
    /// Every socket has a room of its own, named by its id: where clients choose the names of rooms, put something in
    /// front, so that nobody can join another's.
    pub fn join(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.0.presence.join(room, |member| self.0.namespace.join(self, member, room))
    }

    /// Leaves a room. False if it was not there.
    ///
    /// The room of its own id can be left too, and joined again: nobody reaches the socket by its id meanwhile. A room that
    /// is left in a middleware is one that was joined there before.
    pub fn leave(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.0.presence.leave(room, |member| self.0.namespace.leave(self, member, room))
    }

    /// The rooms it is in, the one of its id first; none once it is disconnected.
    pub fn rooms(&self) -> Vec<String> {
        let Some(member) = self.0.presence.member() else { return Vec::new() };
        self.0.namespace.rooms().rooms_of(member).map(str::to_owned).collect()
    }

    /// Disconnects it from its namespace. The client keeps its other namespaces, and may connect again.
    pub fn disconnect(&self) {
        self.end(Command::Disconnect { socket: self.0.key });
    }

    /// Disconnects the client from all namespaces and closes its connection.
    pub fn disconnect_client(&self) {
        self.end(Command::DisconnectClient);
    }

    /// Once: who is gone already has no client to speak for.
    fn end(&self, command: Command) {
        if !self.0.presence.lifecycle().end() {
            // A session that is over has disconnected it already.
            self.0.session.mailbox.push(command).ok();
        }
    }
}

impl Socket {
    pub(crate) fn new(
        id: SocketId,
        key: SocketKey,
        session: Arc<Session>,
        namespace: Arc<Namespace>,
        table: Arc<Table>,
        namespaces: Arc<NamespaceSet>,
    ) -> Self {
        let listened = !table.outgoing().is_empty() || !namespaces.server().observers().is_empty();
        Self(Arc::new(Inner {
            key,
            session,
            namespace,
            presence: Presence::new(id, Lifecycle::new(listened)),
            table,
            namespaces,
            extensions: Extensions::default(),
        }))
    }

    pub(crate) fn key(&self) -> SocketKey {
        self.0.key
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.0.session
    }

    pub(crate) fn namespaces(&self) -> &Arc<NamespaceSet> {
        &self.0.namespaces
    }

    pub(crate) fn server(&self) -> &Server {
        self.0.namespaces.server()
    }

    pub(crate) fn namespace_ref(&self) -> &Arc<Namespace> {
        &self.0.namespace
    }

    /// Puts the socket among the members of its namespace, until the membership is dropped.
    pub(crate) fn connect(&self) -> Result<Membership, Barred> {
        let member = self.0.namespace.insert(self)?;
        Ok(Membership::new(self.clone(), Arc::clone(&self.0.namespace), member))
    }

    /// Tells the server's observers of something about it: its client, the path of its namespace, its id.
    #[inline]
    pub(crate) fn tell_observers<'a>(
        &'a self,
        observation: impl FnOnce(ClientId, &'a str, SocketId) -> Observation<'a>,
    ) {
        let observers = self.server().observers();
        observers.tell(|| observation(self.0.session.id, self.namespace(), self.id()));
    }

    /// It is a member of its namespace from now on. Returns the rooms that it has joined before.
    pub(crate) fn set_member(&self, member: MemberKey) -> Vec<Box<str>> {
        self.0.presence.connect(member)
    }

    /// What the parts in braces of its namespace's pattern stand for, if it met one.
    pub(crate) fn captures(&self) -> Option<&Captures> {
        self.0.namespace.captures()
    }

    /// It reaches nobody from now on.
    pub(crate) fn mark_gone(&self) {
        self.0.presence.lifecycle().end();
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.presence.lifecycle().is_gone()
    }

    /// The handlers that stood when it connected.
    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.0.table
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .field("namespace", &self.namespace())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl std::hash::Hash for Socket {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

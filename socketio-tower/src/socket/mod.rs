//! The socket: a client's connection to one namespace.

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
pub(crate) use listen::Filtering;
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

/// A client's connection to one namespace.
///
/// A `Socket` is a handle: it is cheap to clone, and may be stored and used on any thread. After the socket is
/// disconnected, [`emit`](Self::emit) returns [`EmitStatus::Gone`](crate::EmitStatus::Gone).
///
/// ```
/// use socketio_tower::{Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_connect(async |socket: Socket| {
///         socket.join("lobby");
///         socket.to("lobby").emit("joined", &socket.id());
///         socket.emit("welcome", "hello");
///     });
/// });
/// ```
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

/// Identity and state.
impl Socket {
    /// Returns the public id of the socket, `socket.id` on the client. It is also the name of a room that only this
    /// socket is in, until it leaves the room or others join.
    pub fn id(&self) -> SocketId {
        self.0.presence.id()
    }

    /// Returns the path of the socket's namespace.
    pub fn namespace(&self) -> &str {
        self.0.namespace.path()
    }

    /// Returns `true` if the socket is connected: from just before the connect handler until the client or the server
    /// disconnects it.
    pub fn is_connected(&self) -> bool {
        self.0.presence.lifecycle().is_connected()
    }

    /// Returns the client's current transport.
    pub fn transport(&self) -> Transport {
        self.0.session.transport()
    }

    /// Returns the request that opened the client's session.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// let language = socket.handshake().headers().get("accept-language");
    /// # }
    /// ```
    pub fn handshake(&self) -> &Handshake {
        &self.0.session.handshake
    }

    /// Returns the client this socket belongs to. One client may have sockets on several namespaces.
    pub fn client(&self) -> Client {
        Client::new(Arc::clone(&self.0.session), Arc::clone(&self.0.namespaces))
    }

    /// Returns the values stored with this socket. They are dropped after its disconnect handler has finished. Values
    /// shared by all sockets of a client are stored in [`Client::extensions`](crate::Client::extensions).
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// #[derive(Clone)]
    /// struct Nickname(String);
    ///
    /// socket.extensions().insert(Nickname("ada".to_owned()));
    /// if let Some(Nickname(name)) = socket.extensions().get() {
    ///     socket.to("lobby").emit("joined", &name);
    /// }
    /// # }
    /// ```
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// Rooms and disconnecting.
impl Socket {
    /// Joins a room. Returns `false` if the socket is gone.
    ///
    /// If called in a middleware, the socket joins when it is admitted, before the client receives its CONNECT reply.
    ///
    /// Every socket has a room named by its id. If clients choose the names of rooms, add a prefix, so that no client
    /// can join the room of another.
    ///
    /// ```
    /// use socketio_tower::{Data, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("join", async |socket: Socket, Data(room): Data<String>| {
    ///         socket.join(format!("room:{room}"));
    ///     });
    /// });
    /// ```
    pub fn join(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.0.presence.join(room, |member| self.0.namespace.join(self, member, room))
    }

    /// Leaves a room. Returns `false` if the socket was not in it.
    ///
    /// The room named by the socket's id can be left and joined again, too. Until then, the socket cannot be reached by
    /// its id. In a middleware, only rooms that were joined in a middleware can be left.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// if socket.leave("lobby") {
    ///     socket.to("lobby").emit("left", &socket.id());
    /// }
    /// # }
    /// ```
    pub fn leave(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.0.presence.leave(room, |member| self.0.namespace.leave(self, member, room))
    }

    /// Returns the rooms the socket is in, beginning with the one named by its id. Empty once it is disconnected.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// for room in socket.rooms() {
    ///     socket.to(room).emit("typing", &socket.id());
    /// }
    /// # }
    /// ```
    pub fn rooms(&self) -> Vec<String> {
        let Some(member) = self.0.presence.member() else { return Vec::new() };
        self.0.namespace.rooms().rooms_of(member).map(str::to_owned).collect()
    }

    /// Disconnects the socket from its namespace, after the packets queued so far. The client stays connected to its
    /// other namespaces and may connect to this one again.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.emit("kicked", "flooding"); // Still delivered.
    /// socket.disconnect();
    /// # }
    /// ```
    pub fn disconnect(&self) {
        self.end(Command::Disconnect { socket: self.0.key });
    }

    /// Disconnects the client from all namespaces and closes its connection.
    pub fn disconnect_client(&self) {
        self.end(Command::DisconnectClient);
    }

    /// Marks the socket as gone and queues `command`. Has no effect if it was gone already, as the client may then have
    /// nothing to do with this socket any more.
    fn end(&self, command: Command) {
        if !self.0.presence.lifecycle().end() {
            // A session that is over has already disconnected it.
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

    /// Makes the socket a member of its namespace until the membership is dropped.
    pub(crate) fn connect(&self) -> Result<Membership, Barred> {
        let member = self.0.namespace.insert(self)?;
        Ok(Membership::new(self.clone(), Arc::clone(&self.0.namespace), member))
    }

    /// Notifies the server's observers. `observation` is called with the client, the namespace's path and the socket's
    /// id.
    #[inline]
    pub(crate) fn tell_observers<'a>(
        &'a self,
        observation: impl FnOnce(ClientId, &'a str, SocketId) -> Observation<'a>,
    ) {
        let observers = self.server().observers();
        observers.tell(|| observation(self.0.session.id, self.namespace(), self.id()));
    }

    /// Marks the socket as a member of its namespace. Returns the rooms that it has joined before.
    pub(crate) fn set_member(&self, member: MemberKey) -> Vec<Box<str>> {
        self.0.presence.connect(member)
    }

    /// Returns the path parameters of its namespace, if that was matched by a pattern.
    pub(crate) fn captures(&self) -> Option<&Captures> {
        self.0.namespace.captures()
    }

    /// Marks the socket as gone.
    pub(crate) fn mark_gone(&self) {
        self.0.presence.lifecycle().end();
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.presence.lifecycle().is_gone()
    }

    /// Returns the handler table that was current when the socket connected.
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

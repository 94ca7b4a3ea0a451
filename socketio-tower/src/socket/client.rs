use std::fmt;
use std::sync::Arc;

use socketio_core::Transport;
use tokio::sync::oneshot;

use super::Socket;
use crate::extensions::Extensions;
use crate::handshake::Handshake;
use crate::namespace::NamespaceSet;
use crate::observer::ClientId;
use crate::session::{Command, Session};

/// A client: the connection shared by its sockets, one for each namespace it is connected to.
///
/// A `Client` is a handle that is cheap to clone, and an extractor for any handler.
///
/// ```
/// use socketio_tower::extract::Extension;
/// use socketio_tower::{Client, SocketIo};
///
/// #[derive(Clone)]
/// struct User(String);
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("login", async |client: Client| drop(client.extensions().insert(User("ada".to_owned()))));
/// });
/// io.of("/chat", |ns| {
///     // Values stored with the client are available to all of its sockets.
///     ns.on("whoami", async |Extension(User(name)): Extension<User>| name);
/// });
/// ```
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
    namespaces: Arc<NamespaceSet>,
}

impl Client {
    pub(super) fn new(session: Arc<Session>, namespaces: Arc<NamespaceSet>) -> Self {
        Self { session, namespaces }
    }

    /// Returns the public id of the client, which is different from the secret id of its session.
    pub fn id(&self) -> ClientId {
        self.session.id
    }

    /// Returns the values stored with this client. They are dropped when its connection has ended.
    ///
    /// ```
    /// # fn example(client: socketio_tower::Client) {
    /// #[derive(Clone)]
    /// struct UserId(u64);
    ///
    /// client.extensions().insert(UserId(7));
    /// assert!(client.extensions().get::<UserId>().is_some());
    /// # }
    /// ```
    pub fn extensions(&self) -> &Extensions {
        &self.session.extensions
    }

    /// Returns the current transport.
    ///
    /// ```
    /// # fn example(client: socketio_tower::Client) {
    /// println!("{} is connected by {}", client.id(), client.transport().name());
    /// # }
    /// ```
    pub fn transport(&self) -> Transport {
        self.session.transport()
    }

    /// Returns the request that opened the session.
    ///
    /// ```
    /// # fn example(client: socketio_tower::Client) {
    /// let agent = client.handshake().headers().get("user-agent");
    /// # }
    /// ```
    pub fn handshake(&self) -> &Handshake {
        &self.session.handshake
    }

    /// Returns the connected sockets of this client. Empty if the client is gone.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: dropping the future has no effect.
    ///
    /// ```
    /// # async fn example(client: socketio_tower::Client) {
    /// for socket in client.sockets().await {
    ///     println!("connected to {}", socket.namespace());
    /// }
    /// # }
    /// ```
    pub async fn sockets(&self) -> Vec<Socket> {
        let (reply, sockets) = oneshot::channel();
        // A session that is over drops the command, and with it the sender.
        self.session.mailbox.push(Command::Sockets { reply }).ok();
        let names = sockets.await.unwrap_or_default();
        names.iter().filter_map(|name| self.namespaces.find(&name.namespace)?.socket(&name.id)).collect()
    }

    /// Disconnects the client from all namespaces and closes its connection.
    ///
    /// ```
    /// use socketio_tower::{Client, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("logout", async |client: Client| client.disconnect());
    /// });
    /// ```
    pub fn disconnect(&self) {
        self.session.mailbox.push(Command::DisconnectClient).ok();
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.session, &other.session)
    }
}

impl Eq for Client {}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

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

/// One client: the connection that its sockets, one for each namespace it is connected to, have in common.
///
/// A handle, and an argument that any handler may ask for.
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
///     // What is kept with the client, all its sockets find.
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

    /// Its public name, which is not the secret id of its session.
    pub fn id(&self) -> ClientId {
        self.session.id
    }

    /// Values kept with this client, and dropped when its connection has ended.
    pub fn extensions(&self) -> &Extensions {
        &self.session.extensions
    }

    /// The transport it has at the moment.
    pub fn transport(&self) -> Transport {
        self.session.transport()
    }

    /// The request that opened its session.
    pub fn handshake(&self) -> &Handshake {
        &self.session.handshake
    }

    /// Its sockets that are connected; none if it has gone.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time.
    pub async fn sockets(&self) -> Vec<Socket> {
        let (reply, sockets) = oneshot::channel();
        // A session that is over drops the question.
        self.session.mailbox.push(Command::Sockets { reply }).ok();
        let names = sockets.await.unwrap_or_default();
        names.iter().filter_map(|name| self.namespaces.find(&name.namespace)?.socket(&name.id)).collect()
    }

    /// Disconnects it from all namespaces and closes its connection.
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

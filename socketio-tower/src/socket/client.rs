use std::fmt;
use std::sync::Arc;

use socketio_core::Transport;
use tokio::sync::oneshot;

use super::Socket;
use crate::extensions::Extensions;
use crate::handshake::Handshake;
use crate::session::{Command, Session};

/// One client: the connection that its sockets, one for each namespace it is connected to, have in common.
///
/// A handle, and an argument that any handler may ask for.
///
/// ```
/// use socketio_tower::{Client, Extension, SocketIo};
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
pub struct Client(Arc<Session>);

impl Client {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self(session)
    }

    /// Values kept with this client, and dropped when its connection has ended.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// The transport it has at the moment.
    pub fn transport(&self) -> Transport {
        self.0.transport()
    }

    /// The request that opened its session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Its sockets that are connected; none if it has gone.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time.
    pub async fn sockets(&self) -> Vec<Socket> {
        let (reply, sockets) = oneshot::channel();
        // A session that is over drops the question.
        self.0.mailbox.push(Command::Sockets { reply }).ok();
        sockets.await.unwrap_or_default()
    }

    /// Disconnects it from all namespaces and closes its connection.
    pub fn disconnect(&self) {
        self.0.mailbox.push(Command::DisconnectClient).ok();
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Client {}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport()).finish_non_exhaustive()
    }
}

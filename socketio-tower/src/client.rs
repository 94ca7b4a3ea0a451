use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use socketio_core::{DisconnectReason, Transport};

use crate::handshake::Handshake;
use crate::session::{Command, Session};
use crate::socket::{Extensions, Socket};

/// The connection behind a socket, which the sockets of one client share: one for each namespace it has joined.
///
/// A handle: cloning is cheap. It has no name to be shown: the id of a session is what its client is known by, and
/// whoever learns it can take the session over. A client that connects again is another one.
///
/// ```
/// use socketio_tower::{Client, SocketIo};
///
/// #[derive(Clone, Default)]
/// struct Visits(u32);
///
/// let io = SocketIo::new();
/// for path in ["/chat", "/news"] {
///     io.of(path, |ns| {
///         ns.on("visit", async |client: Client| client.extensions().update(|visits: &mut Visits| {
///             visits.0 += 1;
///             visits.0
///         }));
///     });
/// }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Session>);

impl Client {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self(session)
    }

    /// Values kept with the connection, for all namespaces; dropped when its session has ended, after the disconnect
    /// handlers of its sockets.
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

    /// Its sockets that are connected, in the order in which they came.
    pub fn sockets(&self) -> Vec<Socket> {
        self.0.sockets.all()
    }

    /// Disconnects it from all namespaces and closes its connection. If it has none, its session is closed.
    pub fn disconnect(&self) {
        for socket in self.sockets() {
            socket.disconnect();
        }
        let close = Command::Close { reason: DisconnectReason::ForcedServerClose };
        // A session that is over is closed already.
        self.0.mailbox.push(close).ok();
    }
}

impl Socket {
    /// The connection behind the socket.
    pub fn client(&self) -> Client {
        Client::new(Arc::clone(self.session()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport()).finish_non_exhaustive()
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Client {}

impl Hash for Client {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

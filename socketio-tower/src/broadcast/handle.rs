use std::sync::Arc;
use std::time::Duration;

use socketio_core::packet::ToArgs;

use super::{BroadcastAck, BroadcastOperator, RemoteSocket};
use crate::emit_status::EmitStatus;
#[cfg(feature = "cluster")]
use crate::handler::{Extract, ExtractError, ServerContext};
use crate::namespace::Namespace;

/// A handle of a namespace, which sends to its sockets from anywhere: outside handlers, and on threads without a
/// runtime.
///
/// Returned by [`SocketIo::namespace`](crate::SocketIo::namespace).
///
/// ```
/// use socketio_tower::{NamespaceHandle, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/chat", |_| {});
/// let chat: NamespaceHandle = io.namespace("/chat").expect("it was defined");
/// std::thread::spawn(move || chat.emit("message", "hello")).join().expect("no panic");
/// ```
#[derive(Debug, Clone)]
pub struct NamespaceHandle(Arc<Namespace>);

impl NamespaceHandle {
    pub(crate) fn new(namespace: Arc<Namespace>) -> Self {
        Self(namespace)
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn inner(&self) -> &Namespace {
        &self.0
    }

    /// Returns the path of the namespace.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Sends an event to all sockets of the namespace.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.all().emit(event, args)
    }

    /// Selects the sockets in `room`.
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.all().to(room)
    }

    /// Selects all sockets that are not in `room`.
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.all().except(room)
    }

    /// Sends a `message` event to all sockets of the namespace.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.all().send(args)
    }

    /// Sends an event to all sockets of the namespace and returns their acks; see [`BroadcastOperator::emit_with_ack`].
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> BroadcastAck<R>
    where
        T: ToArgs + ?Sized,
    {
        self.all().emit_with_ack(event, args)
    }

    /// Selects all sockets, and discards packets that cannot be sent immediately; see
    /// [`Socket::volatile`](crate::Socket::volatile).
    pub fn volatile(&self) -> BroadcastOperator {
        self.all().volatile()
    }

    /// Selects the sockets of this process; see [`BroadcastOperator::local`].
    pub fn local(&self) -> BroadcastOperator {
        self.all().local()
    }

    /// Selects all sockets, and sets the ack timeout of the following `emit_with_ack`.
    pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
        self.all().timeout(timeout)
    }

    /// Returns a snapshot of each socket.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.all().fetch_sockets().await
    }

    /// Returns a snapshot of each socket, or the reason that some are missing; see
    /// [`BroadcastOperator::try_fetch_sockets`].
    ///
    /// # Errors
    ///
    /// Returns an error if a node of the cluster does not answer.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    #[cfg(feature = "cluster")]
    pub async fn try_fetch_sockets(&self) -> Result<Vec<RemoteSocket>, crate::cluster::Incomplete> {
        self.all().try_fetch_sockets().await
    }

    /// Makes all sockets join `room`.
    ///
    /// # Cancel safety
    ///
    /// The sockets join on the first poll; a future that is dropped before does nothing.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.all().sockets_join(room).await;
    }

    /// Makes all sockets leave `room`.
    ///
    /// # Cancel safety
    ///
    /// The sockets leave on the first poll; a future that is dropped before does nothing.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.all().sockets_leave(room).await;
    }

    /// Disconnects all sockets from the namespace. If `close` is `true`, their clients are disconnected from all
    /// namespaces and their connections are closed.
    ///
    /// # Cancel safety
    ///
    /// The sockets are disconnected on the first poll; a future that is dropped before does nothing.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.all().disconnect_sockets(close).await;
    }

    /// Selects all sockets of the namespace.
    pub fn all(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(&self.0))
    }
}

/// Extracts the namespace of an event of another node.
#[cfg(feature = "cluster")]
impl Extract<ServerContext> for NamespaceHandle {
    fn extract(context: &mut ServerContext) -> Result<Self, ExtractError> {
        Ok(Self::new(Arc::clone(context.namespace_ref())))
    }
}

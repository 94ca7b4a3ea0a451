use std::sync::Arc;
use std::time::Duration;

use socketio_core::packet::ToArgs;

use super::{BroadcastAck, BroadcastOperator, RemoteSocket};
use crate::emit_status::EmitStatus;
use crate::namespace::Namespace;

/// A namespace, to be spoken to from anywhere: outside handlers, and on threads without a runtime.
#[derive(Debug, Clone)]
pub struct NamespaceHandle(Arc<Namespace>);

impl NamespaceHandle {
    pub(crate) fn new(namespace: Arc<Namespace>) -> Self {
        Self(namespace)
    }

    /// Its path.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Sends an event to all its sockets.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.all().emit(event, args)
    }

    /// The sockets in a room.
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.all().to(room)
    }

    /// All sockets but those in a room.
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.all().except(room)
    }

    /// Sends a `message` event to all its sockets.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.all().send(args)
    }

    /// Sends an event to all its sockets and gives their answers; see [`BroadcastOperator::emit_with_ack`].
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> BroadcastAck<R>
    where
        T: ToArgs + ?Sized,
    {
        self.all().emit_with_ack(event, args)
    }

    /// All sockets to whom something can leave at once; see [`Socket::volatile`](crate::Socket::volatile).
    pub fn volatile(&self) -> BroadcastOperator {
        self.all().volatile()
    }

    /// All sockets of this process.
    pub fn local(&self) -> BroadcastOperator {
        self.all().local()
    }

    /// All sockets, and how long to wait for their answers.
    pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
        self.all().timeout(timeout)
    }

    /// What is known of all its sockets at the moment.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.all().fetch_sockets().await
    }

    /// Lets all its sockets join a room.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.all().sockets_join(room).await;
    }

    /// Lets all its sockets leave a room.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.all().sockets_leave(room).await;
    }

    /// Disconnects all its sockets; with `close`, from all namespaces, and closes their connections.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.all().disconnect_sockets(close).await;
    }

    /// All its sockets.
    pub fn all(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(&self.0))
    }
}

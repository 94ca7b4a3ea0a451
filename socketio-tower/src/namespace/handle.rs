use std::sync::Arc;

use socketio_core::packet::ToArgs;

use super::Namespace;
use crate::broadcast::BroadcastOperator;
use crate::socket::Sent;

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
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> Sent {
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

    /// All its sockets.
    pub fn all(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(&self.0))
    }
}

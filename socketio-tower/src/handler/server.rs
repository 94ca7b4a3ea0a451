use std::fmt;
use std::sync::Arc;

use socketio_core::namespace::Captures;
use socketio_core::packet::Event;

use super::context::sealed::Sealed;
use crate::bus::NodeAnswer;
use crate::namespace::{Namespace, NamespaceSet};
use crate::server::Server;
use crate::socket::{AckRight, AckSlot};

/// The values available to a handler's arguments when another node of the cluster has sent an event with
/// [`server_side_emit`](crate::SocketIo::server_side_emit).
pub struct ServerContext {
    namespaces: Arc<NamespaceSet>,
    namespace: Arc<Namespace>,
    pub(crate) event: Event,
    answer: Option<NodeAnswer>,
}

impl ServerContext {
    pub(crate) fn new(
        namespaces: Arc<NamespaceSet>,
        namespace: Arc<Namespace>,
        event: Event,
        answer: Option<NodeAnswer>,
    ) -> Self {
        Self { namespaces, namespace, event, answer }
    }

    /// Returns the event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    pub(crate) fn namespace_ref(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// Returns the path of the namespace.
    pub fn namespace(&self) -> &str {
        self.namespace.path()
    }
}

impl Sealed for ServerContext {
    fn server(&self) -> &Server {
        self.namespaces.server()
    }

    fn captures(&self) -> Option<&Captures> {
        self.namespace.captures()
    }

    fn take_ack(&mut self) -> AckRight {
        match self.answer.take() {
            Some(answer) => AckRight::Kept(AckSlot::of_node(answer)),
            None => AckRight::Nobody,
        }
    }
}

impl fmt::Debug for ServerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerContext")
            .field("namespace", &self.namespace.path())
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

use std::fmt;
use std::sync::Arc;

use socketio_core::cluster::{Address, Answer, NoAck, RawArray, RequestId};
use socketio_core::namespace::Captures;
use socketio_core::packet::{AckId, Event, ToArgs};

use super::context::sealed::Sealed;
use crate::bus::Joined;
use crate::emit_status::EmitStatus;
use crate::namespace::{Namespace, NamespaceSet};
use crate::server::Server;
use crate::socket::{AckRight, AckSlot, with_encoder};

/// The values available to a handler's arguments when another node of the cluster has sent an event with
/// [`server_side_emit`](crate::SocketIo::server_side_emit).
pub struct ServerContext {
    namespaces: Arc<NamespaceSet>,
    namespace: Arc<Namespace>,
    pub(crate) event: Event,
    answer: Option<NodeAnswer>,
}

/// The right to answer a server event of another node.
#[derive(Debug)]
pub(crate) struct NodeAnswer {
    pub(crate) joined: Arc<Joined>,
    pub(crate) to: Address,
    pub(crate) namespace: String,
    pub(crate) request: RequestId,
    /// Whether the asking node understands that there will be no answer.
    pub(crate) extended: bool,
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

impl NodeAnswer {
    /// Answers that no handler will answer.
    pub(crate) fn refuse(self) {
        let Self { joined, to, namespace, request, .. } = self;
        joined.answer(&to, &namespace, request, Answer::Unanswered(NoAck::NoHandler));
    }

    pub(crate) fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        let packet = with_encoder(|encoder| encoder.ack(&self.namespace, AckId(0), args));
        match packet {
            Ok(packet) => {
                let args = RawArray::of_packet(&packet).expect("an ack has arguments");
                let answer = Answer::ServerEvent(args);
                self.joined.answer(&self.to, &self.namespace, self.request.clone(), answer);
                EmitStatus::Queued
            }
            Err(error) => EmitStatus::Invalid(error.into()),
        }
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

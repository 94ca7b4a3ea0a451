use std::sync::Arc;

use bytestring::ByteString;
use socketio_core::DisconnectReason;
use socketio_core::packet::{AckId, Event};

use crate::socket::{AckRight, AckSlot, LentAck, Socket};

/// Where a handler's arguments are taken from when a client connects to a namespace.
#[derive(Debug)]
pub struct ConnectContext {
    pub(crate) socket: Socket,
    pub(crate) auth: Option<ByteString>,
}

/// Where a handler's arguments are taken from when an event arrives.
#[derive(Debug)]
pub struct EventContext {
    pub(crate) socket: Socket,
    pub(crate) event: Event,
    ack: Option<AckId>,
    /// The right to answer, once an argument has it.
    lent: Option<Arc<LentAck>>,
}

/// Where a handler's arguments are taken from when a socket is disconnected.
#[derive(Debug)]
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
    pub(crate) rooms: Vec<String>,
}

/// What all contexts have: the socket it is about.
pub trait Context: sealed::Sealed {
    /// The socket.
    fn socket(&self) -> &Socket;
}

impl Context for ConnectContext {
    fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl Context for EventContext {
    fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl Context for DisconnectContext {
    fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl ConnectContext {
    /// The JSON object that the client sent with its wish to connect.
    pub fn auth(&self) -> Option<&str> {
        self.auth.as_deref()
    }
}

impl EventContext {
    pub(crate) fn new(socket: Socket, event: Event, ack: Option<AckId>) -> Self {
        Self { socket, event, ack, lent: None }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Gives the right to answer to an argument, once; none if nobody awaits an answer.
    pub(crate) fn lend_ack(&mut self) -> Option<Arc<LentAck>> {
        let slot = AckSlot::new(self.socket.clone(), self.ack.take()?);
        Some(Arc::clone(self.lent.insert(Arc::new(LentAck::new(slot)))))
    }
}

impl DisconnectContext {
    /// Why the socket was disconnected.
    pub fn reason(&self) -> DisconnectReason {
        self.reason
    }

    /// The rooms the socket was in, without its own.
    pub fn rooms(&self) -> &[String] {
        &self.rooms
    }
}

#[expect(unnameable_types, reason = "sealed")]
pub(crate) mod sealed {
    use super::{AckRight, AckSlot, ConnectContext, DisconnectContext, EventContext};

    pub trait Sealed {
        /// Takes the right to answer.
        fn take_ack(&mut self) -> AckRight {
            AckRight::Nobody
        }
    }

    impl Sealed for ConnectContext {}
    impl Sealed for DisconnectContext {}

    impl Sealed for EventContext {
        fn take_ack(&mut self) -> AckRight {
            match (self.lent.take(), self.ack.take()) {
                (Some(lent), _) => AckRight::Lent(lent),
                (None, Some(id)) => AckRight::Kept(AckSlot::new(self.socket.clone(), id)),
                (None, None) => AckRight::Nobody,
            }
        }
    }
}

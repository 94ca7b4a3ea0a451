use bytestring::ByteString;
use socketio_core::DisconnectReason;
use socketio_core::packet::{AckId, Event};

use crate::socket::{AckSlot, Socket};

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
    pub(crate) ack: Option<AckId>,
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
    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
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
    use super::{AckSlot, ConnectContext, DisconnectContext, EventContext};

    pub trait Sealed {
        /// Takes the right to answer; there is none if nobody awaits an answer, or if it was taken.
        fn take_ack(&mut self) -> Option<AckSlot> {
            None
        }
    }

    impl Sealed for ConnectContext {}
    impl Sealed for DisconnectContext {}

    impl Sealed for EventContext {
        fn take_ack(&mut self) -> Option<AckSlot> {
            self.ack.take().map(|id| AckSlot::new(self.socket.clone(), id))
        }
    }
}

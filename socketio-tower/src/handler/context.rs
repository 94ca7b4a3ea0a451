use std::sync::Arc;

use bytestring::ByteString;
use socketio_core::DisconnectReason;
use socketio_core::packet::{AckId, Event};

use crate::socket::{AckRight, AckSlot, LentAck, Socket};

/// The values available to a handler's arguments when a client connects to a namespace.
#[derive(Debug)]
pub struct ConnectContext {
    pub(crate) socket: Socket,
    pub(crate) auth: Option<ByteString>,
}

/// The values available to a handler's arguments when an event arrives.
#[derive(Debug)]
pub struct EventContext {
    pub(crate) socket: Socket,
    pub(crate) event: Event,
    ack: Option<AckId>,
    /// The right to send the ack, after an argument has taken it.
    lent: Option<Arc<LentAck>>,
}

/// The values available to a handler's arguments when a socket is disconnected.
#[derive(Debug)]
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
    pub(crate) rooms: Vec<String>,
}

/// An occasion on which a handler is called: something of a socket, or an event of another node of a cluster.
pub trait Occasion: sealed::Sealed {}

impl<C: sealed::Sealed> Occasion for C {}

/// The context of a handler that is called for a socket.
pub trait Context: Occasion {
    /// Returns the socket.
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
    /// Returns the JSON object that the client sent with its connection request.
    pub fn auth(&self) -> Option<&str> {
        self.auth.as_deref()
    }
}

impl EventContext {
    pub(crate) fn new(socket: Socket, event: Event, ack: Option<AckId>) -> Self {
        Self { socket, event, ack, lent: None }
    }

    /// Returns the event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Lends the right to send the ack to an argument, once. Returns `None` if the client did not request an ack.
    pub(crate) fn lend_ack(&mut self) -> Option<Arc<LentAck>> {
        let slot = AckSlot::new(self.socket.clone(), self.ack.take()?);
        Some(Arc::clone(self.lent.insert(Arc::new(LentAck::new(slot)))))
    }
}

impl DisconnectContext {
    /// Returns the disconnect reason.
    pub fn reason(&self) -> DisconnectReason {
        self.reason
    }

    /// Returns the rooms the socket was in, without the room of the socket's id.
    pub fn rooms(&self) -> &[String] {
        &self.rooms
    }
}

#[expect(unnameable_types, reason = "sealed")]
pub(crate) mod sealed {
    use socketio_core::namespace::Captures;

    use super::{AckRight, AckSlot, ConnectContext, Context, DisconnectContext, EventContext};
    use crate::server::Server;

    pub trait Sealed {
        fn server(&self) -> &Server;

        /// Returns the path parameters of the namespace.
        fn captures(&self) -> Option<&Captures>;

        /// Takes the right to send the ack.
        fn take_ack(&mut self) -> AckRight {
            AckRight::Nobody
        }
    }

    macro_rules! of_the_socket {
        () => {
            fn server(&self) -> &Server {
                self.socket().server()
            }

            fn captures(&self) -> Option<&Captures> {
                self.socket().captures()
            }
        };
    }

    impl Sealed for ConnectContext {
        of_the_socket!();
    }

    impl Sealed for DisconnectContext {
        of_the_socket!();
    }

    impl Sealed for EventContext {
        of_the_socket!();

        fn take_ack(&mut self) -> AckRight {
            match (self.lent.take(), self.ack.take()) {
                (Some(lent), _) => AckRight::Lent(lent),
                (None, Some(id)) => AckRight::Kept(AckSlot::new(self.socket.clone(), id)),
                (None, None) => AckRight::Nobody,
            }
        }
    }
}

use std::time::Duration;

use socketio_core::AckRequest;
use socketio_core::packet::ToArgs;
use tokio::sync::oneshot;

use super::{EmitWithAck, Socket, with_encoder};
use crate::ack_error::AckError;
use crate::clock::after;
use crate::emit_status::EmitStatus;
use crate::session::Answer;

/// A socket, and how to send to it.
///
/// Every method gives a new operator, so one may be kept and used again.
///
/// ```
/// use std::time::Duration;
/// # async fn handler(socket: socketio_tower::Socket) -> Result<(), socketio_tower::AckError> {
/// socket.volatile().emit("position", &[12.5, 3.0]);
/// let ready: bool = socket.timeout(Duration::from_secs(1)).emit_with_ack("ready?", "").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it only chooses; `emit` and `emit_with_ack` send"]
pub struct SocketOperator {
    socket: Socket,
    timeout: Option<Duration>,
    volatile: bool,
}

impl SocketOperator {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, timeout: None, volatile: false }
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits for the client. Default
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends only what can leave at once; see [`Socket::volatile`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends an event to the client; see [`Socket::emit`].
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.socket.emit_event(event, args, self.volatile)
    }

    /// Sends a `message` event; see [`Socket::send`].
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Sends an event and awaits the client's answer. The event is sent at once, whether or not the
    /// future is polled.
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> EmitWithAck<R>
    where
        T: ToArgs + ?Sized,
    {
        let socket = &self.socket;
        if !socket.is_connected() {
            return EmitWithAck::failed(AckError::Disconnected);
        }
        let id = socket.0.namespace.new_ack_id();
        let packet = match with_encoder(|encoder| encoder.event(socket.namespace(), event, args, Some(id))) {
            Ok(packet) => packet,
            Err(error) => return EmitWithAck::failed(AckError::Invalid(error.into())),
        };
        let (sender, receiver) = oneshot::channel();
        let deadline = self.timeout.unwrap_or(socket.server().settings().ack_timeout);
        let request = AckRequest::new(id, Answer::One(sender), after(deadline));
        match socket.ask(packet, request, self.volatile).ok() {
            Ok(()) => EmitWithAck::waiting(receiver),
            Err(error) => EmitWithAck::failed(error.into()),
        }
    }
}

use std::time::Duration;

use socketio_core::AckRequest;
use socketio_core::packet::ToArgs;
use tokio::sync::oneshot;

use super::{EmitWithAck, Socket, with_encoder};
use crate::ack_error::AckError;
use crate::clock::after;
use crate::emit_status::EmitStatus;
use crate::session::Answer;

/// A socket with options for emitting, from [`Socket::timeout`] or [`Socket::volatile`].
///
/// An operator can be cloned and used for several emits.
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
#[must_use = "an operator does nothing until `emit` or `emit_with_ack` is called"]
pub struct SocketOperator {
    socket: Socket,
    timeout: Option<Duration>,
    volatile: bool,
}

impl SocketOperator {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, timeout: None, volatile: false }
    }

    /// Sets the time that [`emit_with_ack`](Self::emit_with_ack) waits for the acknowledgement. Default:
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Discards events that cannot leave immediately; see [`Socket::volatile`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends an event to the client; see [`Socket::emit`].
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// let positions = socket.volatile();
    /// positions.emit("position", &[12.5, 3.0]);
    /// positions.emit("position", &[12.6, 3.1]);
    /// # }
    /// ```
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.socket.emit_event(event, args, self.volatile)
    }

    /// Sends a `message` event; see [`Socket::send`].
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.volatile().send("still here");
    /// # }
    /// ```
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Sends an event and returns a future of the client's acknowledgement; see [`Socket::emit_with_ack`]. The event is
    /// sent immediately, even if the future is never polled.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio_tower::AckError;
    /// # async fn handler(socket: socketio_tower::Socket) {
    /// let patient = socket.timeout(Duration::from_secs(60));
    /// match patient.emit_with_ack::<_, bool>("confirm", "delete everything?").await {
    ///     Ok(true) => println!("confirmed"),
    ///     Ok(false) => println!("declined"),
    ///     Err(AckError::TimedOut) => println!("no response"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # }
    /// ```
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

use std::time::Duration;

use socketio_core::Awaits;
use socketio_core::packet::ToArgs;
use tokio::sync::oneshot;

use super::{AckError, EmitWithAck, Sent, Socket, with_encoder};
use crate::session::Command;

/// A socket, and how long to wait for its answers.
#[derive(Debug, Clone)]
#[must_use = "it only chooses; `emit_with_ack` sends"]
pub struct SocketOperator {
    socket: Socket,
    timeout: Duration,
}

impl SocketOperator {
    pub(super) fn new(socket: Socket, timeout: Duration) -> Self {
        Self { socket, timeout }
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
            Err(error) => return EmitWithAck::failed(AckError::Refused(error.into())),
        };
        let (sender, receiver) = oneshot::channel();
        let deadline = tokio::time::Instant::now().into_std().checked_add(self.timeout);
        let awaits = Box::new(Awaits::new(id, sender, deadline));
        let weight = packet.weight();
        match socket.push(weight, Command::Ask { socket: socket.0.key, packet, awaits }) {
            Sent::Queued => EmitWithAck::waiting(receiver),
            Sent::Full => EmitWithAck::failed(AckError::Full),
            Sent::Gone => EmitWithAck::failed(AckError::Disconnected),
            Sent::Refused(error) => EmitWithAck::failed(AckError::Refused(error)),
        }
    }
}

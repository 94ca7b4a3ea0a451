use std::sync::Arc;

use socketio_core::packet::ToArgs;

use crate::emit_status::EmitStatus;
use crate::handler::{EventContext, Extract, ExtractError, Requirements};
use crate::socket::LentAck;

/// A handle to acknowledge an event, once.
///
/// Use it to ack before the handler returns, or not at all; otherwise, return the ack from the handler. If a handler
/// takes `Ack`, its return value is not sent. Dropping `Ack` sends nothing. If the handler then fails or panics, or
/// another of its arguments cannot be extracted, the [error hook](crate::NamespaceBuilder::on_error) may send the ack
/// instead.
///
/// ```
/// use socketio_tower::{Ack, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("job", async |ack: Ack| {
///         ack.send("accepted");
///         // … and now the work.
///     });
/// });
/// ```
#[derive(Debug)]
pub struct Ack(Option<Arc<LentAck>>);

impl Ack {
    /// Sends the ack. If the client did not request one, sends nothing and returns [`EmitStatus::Queued`].
    pub fn send<T: ToArgs + ?Sized>(self, value: &T) -> EmitStatus {
        self.0.map_or(EmitStatus::Queued, |lent| lent.send(value))
    }

    /// Returns `true` if the client requested an ack.
    pub fn is_awaited(&self) -> bool {
        self.0.is_some()
    }
}

impl Extract<EventContext> for Ack {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        Ok(Self(context.lend_ack()))
    }

    fn require(requirements: &mut Requirements) {
        requirements.ack();
    }
}

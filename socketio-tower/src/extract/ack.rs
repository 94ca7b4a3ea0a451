use std::sync::Arc;

use socketio_core::packet::ToArgs;

use crate::emit_status::EmitStatus;
use crate::handler::{EventContext, Extract, ExtractError, Requirements};
use crate::socket::LentAck;

/// The right to answer an event, once.
///
/// For handlers that answer before they end, or not at all; others return their answer. A handler that
/// takes it is no longer answered for by what it returns. Dropped without being used, it answers nothing; if the handler
/// then fails or panics, or another of its arguments cannot be extracted, the
/// [error hook](crate::NamespaceBuilder::on_error) may answer.
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
    /// Answers. If the client awaits none, nothing is sent and the answer counts as queued.
    pub fn send<T: ToArgs + ?Sized>(self, value: &T) -> EmitStatus {
        self.0.map_or(EmitStatus::Queued, |lent| lent.send(value))
    }

    /// Whether the client awaits an answer.
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

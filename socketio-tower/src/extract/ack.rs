use socketio_core::packet::ToArgs;

use crate::handler::sealed::Sealed as _;
use crate::handler::{EventContext, Extract, ExtractError};
use crate::socket::{AckSlot, Sent};

/// The right to answer an event, once.
///
/// For handlers that answer before they end, or not at all; others return their answer. A handler that
/// takes it is no longer answered for by what it returns. Dropped, it answers nothing, and the client's
/// ack is never called.
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
pub struct Ack(Option<AckSlot>);

impl Ack {
    /// Answers. If the client awaits none, nothing is sent and the answer counts as queued.
    pub fn send<T: ToArgs + ?Sized>(self, value: &T) -> Sent {
        self.0.map_or(Sent::Queued, |slot| slot.send(value))
    }

    /// Whether the client awaits an answer.
    pub fn is_awaited(&self) -> bool {
        self.0.is_some()
    }
}

impl Extract<EventContext> for Ack {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        Ok(Self(context.take_ack()))
    }
}

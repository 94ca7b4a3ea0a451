use socketio_core::DisconnectReason;

use crate::handler::{DisconnectContext, Extract, ExtractError};

/// The rooms the socket was in when it was disconnected, without the room of the socket's id.
///
/// ```
/// use socketio_tower::{DisconnectReason, Rooms, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_disconnect(async |reason: DisconnectReason, Rooms(rooms): Rooms| {
///         println!("{reason}: left {rooms:?}");
///     });
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rooms(pub Vec<String>);

impl Extract<DisconnectContext> for Rooms {
    fn extract(context: &mut DisconnectContext) -> Result<Self, ExtractError> {
        Ok(Self(context.rooms.clone()))
    }
}

impl Extract<DisconnectContext> for DisconnectReason {
    fn extract(context: &mut DisconnectContext) -> Result<Self, ExtractError> {
        Ok(context.reason)
    }
}

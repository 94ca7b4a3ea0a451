use socketio_core::DisconnectReason;

use crate::handler::{DisconnectContext, Extract, ExtractError};

/// The rooms that a socket was in when it was disconnected, without its own.
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

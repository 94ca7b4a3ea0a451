use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use socketio_tower::ConnectError;
use socketio_tower::extract::Path;
use socketio_tower::handler::ErrorContext;
use socketio_tower::{Auth, Data, DisconnectReason, Socket, namespace};

/// The namespace `/typed/{name}`: a type as a namespace, with path parameters and one value per socket.
#[derive(Default)]
pub(super) struct Typed {
    messages: AtomicU32,
}

#[namespace]
impl Typed {
    #[middleware]
    async fn admit(&self, Auth(auth): Auth<serde_json::Value>) -> Result<(), ConnectError> {
        match auth["refuse"].as_str() {
            Some(why) => Err(ConnectError::new(why)),
            None => Ok(()),
        }
    }

    async fn connect(&self, socket: Socket, Path(name): Path<String>) {
        socket.emit("hello", &name);
    }

    /// Relays a message. Returns the number of messages sent by this socket.
    #[on("user message")]
    async fn user_message(&self, socket: Socket, Data(text): Data<String>) -> u32 {
        socket.broadcast().emit("user message", &text);
        self.messages.fetch_add(1, Ordering::Relaxed) + 1
    }

    async fn disconnect(&self, socket: Socket, reason: DisconnectReason) {
        socket.broadcast().emit("gone", &json!({ "reason": reason.as_str(), "sent": self.messages }));
    }

    fn error(&self, error: ErrorContext<'_>) {
        let event = error.event();
        error.answer(&json!({ "error": event }));
    }
}

#![allow(unused)]

use socketio_tower::{Data, Socket, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    fn message(&self, Data(text): Data<String>) {}

    async fn error(&self, error: socketio_tower::handler::ErrorContext<'_>) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

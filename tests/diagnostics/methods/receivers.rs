#![allow(unused)]

use socketio_tower::{Socket, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn changes(&mut self) {}

    async fn consumes(self) {}

    async fn shares(self: std::sync::Arc<Self>, socket: Socket) {}

    async fn has_none(socket: Socket) {}

    pub fn new() -> Self {
        Self
    }
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

#![allow(unused)]

use socketio_tower::{Socket, SocketIo, namespace};

struct Chat;

#[namespace("/chat")]
impl Chat {
    async fn message(&self, socket: Socket) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

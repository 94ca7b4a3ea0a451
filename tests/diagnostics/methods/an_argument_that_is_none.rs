#![allow(unused)]

use socketio_tower::{Rooms, Socket, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message(&self, socket: Socket, rooms: Rooms) {}

    async fn note(&self, text: &str) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

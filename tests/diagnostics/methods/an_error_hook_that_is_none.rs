#![allow(unused)]

use socketio_tower::{Socket, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    fn error(&self, socket: &Socket) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

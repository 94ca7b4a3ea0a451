#![allow(unused)]

use socketio_tower::{SocketIo};

struct Chat;

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.handlers(Chat);
    });
}

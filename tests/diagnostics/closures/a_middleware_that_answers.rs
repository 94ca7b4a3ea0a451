#![allow(unused)]

use socketio_tower::{SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async || true);
    });
}

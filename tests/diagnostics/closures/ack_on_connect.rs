#![allow(unused)]

use socketio_tower::{Ack, Socket, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket, ack: Ack| {});
    });
}

#![allow(unused)]

use socketio_tower::{Socket, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async |_: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket| {});
    });
}

#![allow(unused)]

use socketio_tower::{Rooms, Socket, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async |socket: Socket, rooms: Rooms| {});
    });
}

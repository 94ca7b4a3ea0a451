#![allow(unused)]

use socketio_tower::{Rooms, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async |rooms: Rooms| {});
    });
}

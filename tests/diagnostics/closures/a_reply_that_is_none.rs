#![allow(unused)]

use socketio_tower::{SocketIo};

struct Point {
    x: u32,
}

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async || Point { x: 1 });
    });
}

#![allow(unused)]

use socketio_tower::{SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        let text = String::new();
        ns.on("x", async || { text.len(); });
    });
}

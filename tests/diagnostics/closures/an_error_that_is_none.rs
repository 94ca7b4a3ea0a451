#![allow(unused)]

use socketio_tower::{SocketIo};

struct Wrong;

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async || Err::<(), _>(Wrong));
    });
}

#![allow(unused)]

use socketio_tower::{Data, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", |text: Data<String>| {});
    });
}

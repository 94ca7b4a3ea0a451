#![allow(unused)]

use socketio_tower::{Data, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_disconnect(async |text: Data<String>| {});
    });
}

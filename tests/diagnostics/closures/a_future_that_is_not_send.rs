#![allow(unused)]

use socketio_tower::{Socket, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async |socket: Socket| {
            let shared = std::rc::Rc::new(());
            socket.drained().await;
            drop(shared);
        });
    });
}

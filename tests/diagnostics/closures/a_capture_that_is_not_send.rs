#![allow(unused)]

use socketio_tower::{Socket, SocketIo};

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        let shared = std::rc::Rc::new(());
        ns.on("x", async move |socket: Socket| drop(shared));
    });
}

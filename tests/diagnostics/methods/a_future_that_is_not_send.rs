#![allow(unused)]

use socketio_tower::{Socket, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message(&self, socket: Socket) {
        let shared = std::rc::Rc::new(());
        socket.drained().await;
        drop(shared);
    }
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

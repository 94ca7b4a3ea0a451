#![allow(unused)]

use socketio_tower::{Data, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn disconnect(&self, text: Data<String>) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

#![allow(unused)]

use socketio_tower::{Data, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message(&self, Data(chat): Data<Chat>) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

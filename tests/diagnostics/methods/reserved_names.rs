#![allow(unused)]

use socketio_tower::{SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn connect_error(&self) {}

    #[on("disconnecting")]
    async fn goes(&self) {}

    #[on("connect")]
    async fn connect(&self) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

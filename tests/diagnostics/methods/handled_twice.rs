#![allow(unused)]

use socketio_tower::{SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message(&self) {}

    #[on("message")]
    async fn also_message(&self) {}

    #[fallback]
    async fn one(&self) {}

    #[fallback]
    async fn other(&self) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

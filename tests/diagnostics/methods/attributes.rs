#![allow(unused)]

use socketio_tower::{SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    #[on]
    async fn one(&self) {}

    #[on(message)]
    async fn two(&self) {}

    #[middleware("first")]
    async fn three(&self) {}

    #[middleware]
    #[on("message")]
    async fn four(&self) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

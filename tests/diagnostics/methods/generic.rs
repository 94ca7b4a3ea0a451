#![allow(unused)]

use socketio_tower::{Data, SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message<T: serde::de::DeserializeOwned>(&self, Data(_): Data<T>) {}

    async fn note(&self, text: impl Into<String>) {}

    async unsafe fn risk(&self) {}
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

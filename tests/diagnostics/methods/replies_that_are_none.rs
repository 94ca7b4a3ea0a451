#![allow(unused)]

use socketio_tower::{SocketIo, namespace};

struct Chat;

#[namespace]
impl Chat {
    async fn message(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    #[on("opaque")]
    async fn opaque(&self) -> impl Sized + use<> {}

    async fn connect(&self) -> Result<u32, String> {
        Ok(1)
    }

    #[middleware]
    async fn admit(&self) -> bool {
        true
    }
}

fn main() {
    SocketIo::new().of("/", |ns| {
        ns.handlers(Chat);
    });
}

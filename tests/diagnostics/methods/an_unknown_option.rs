#![allow(unused)]

use socketio_tower::namespace;

struct Chat;

#[namespace(path = "/chat")]
impl Chat {
    async fn message(&self) {}
}

fn main() {}

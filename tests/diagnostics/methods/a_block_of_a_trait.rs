#![allow(unused)]

use socketio_tower::namespace;

struct Chat;

#[namespace]
impl Default for Chat {
    fn default() -> Self {
        Self
    }
}

fn main() {}

#![allow(unused)]

use socketio_tower::namespace;

#[namespace]
struct Chat;

fn main() {
    let _ = Chat;
}

#![allow(unused)]

use std::cell::RefCell;

use socketio_tower::namespace;

struct Chat(RefCell<u32>);

#[namespace]
impl Chat {
    async fn message(&self) {}
}

fn main() {}

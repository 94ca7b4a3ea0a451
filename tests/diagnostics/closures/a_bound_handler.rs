#![allow(unused)]

use std::sync::Arc;

use socketio_tower::{Instance, NamespaceBuilder, NamespaceHandlers, Rooms};

struct Chat;

impl NamespaceHandlers for Chat {
    fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
        ns.on("x", instance.handler(async |chat: Arc<Self>, rooms: Rooms| {}));
    }
}

fn main() {}

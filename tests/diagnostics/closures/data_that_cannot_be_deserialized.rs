#![allow(unused)]

use socketio_tower::{Data, SocketIo};

struct Point;

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async |Data(point): Data<Point>| {});
    });
}

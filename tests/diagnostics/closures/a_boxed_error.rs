#![allow(unused)]

use std::error::Error;

use socketio_tower::SocketIo;

fn main() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("x", async || -> Result<(), Box<dyn Error>> { Ok(()) });
        ns.on_connect(async || -> Result<(), Box<dyn Error>> { Ok(()) });
    });
}

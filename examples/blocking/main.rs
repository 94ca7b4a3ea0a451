//! The core alone: Socket.IO on plain threads and blocking sockets, without a runtime.
//!
//! It shows all that a driver of `socketio_core` has to do. Each connection has two threads and a channel:
//!
//! ```text
//! TCP ─▶ reader thread ─▶┐
//!                        ├─ channel ─▶ session thread (owns the Connection) ─▶ TCP
//! other sessions ───────▶┘
//! ```
//!
//! The session thread is the only one that touches its `Connection`, and the only one that writes. It waits
//! for the channel, but not longer than the connection's deadline; then it feeds the core, and drains it.
//! Clients must come by WebSocket (`transports: ["websocket"]`): long polling would need an HTTP server.
//! `PORT` comes from the environment, default 3000.

mod server;
mod session;
mod websocket;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use server::Server;

fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = Arc::new(Server::new());
    for stream in listener.incoming() {
        let server = Arc::clone(&server);
        thread::spawn(move || {
            if let Err(error) = stream.and_then(|stream| session::serve(server, stream)) {
                eprintln!("connection: {error}");
            }
        });
    }
    Ok(())
}

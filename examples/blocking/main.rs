//! Socket.IO with `socketio_core` only, on threads and blocking sockets, without an async runtime.
//!
//! This shows everything that a driver of `socketio_core` has to do. Each connection has two threads and a channel:
//!
//! ```text
//! TCP ─▶ reader thread ─▶┐
//!                        ├─ channel ─▶ session thread (owns the Connection) ─▶ TCP
//! other sessions ───────▶┘
//! ```
//!
//! The session thread alone uses its `Connection` and writes to the stream. It waits for input from the channel until
//! the connection's deadline, passes it to the core, and drains the core. Clients must connect by WebSocket
//! (`transports: ["websocket"]`), because long polling would need an HTTP server. The environment variable `PORT` sets
//! the port, by default 3000.

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

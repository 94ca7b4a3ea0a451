//! Shared by the two servers without features: a hand-written handshake, and just enough of Engine.IO and Socket.IO for
//! echoes, acks and broadcasts. Packets are distinguished by their first bytes; nothing is parsed, checked or stored;
//! there is no polling and there are no rooms.

mod handshake;
mod request;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

pub use handshake::upgrade;
pub use request::Request;

/// The ping packet.
pub const PING: &str = "2";

/// Listens on the port given in the environment.
pub fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], env("PORT", 3000) as u16).into())?;
    socket.listen(4096)
}

/// Returns the ping interval.
pub fn ping_interval() -> Duration {
    Duration::from_millis(env("PING_INTERVAL_MS", 25_000))
}

/// Returns the first packet of a session.
pub fn open_packet() -> String {
    let (sid, interval) = (next_id(), ping_interval().as_millis());
    format!(
        r#"0{{"sid":"{sid}","upgrades":[],"pingInterval":{interval},"pingTimeout":20000,"maxPayload":1000000}}"#
    )
}

/// Returns the reply to a CONNECT packet for `/`.
pub fn connect_packet() -> String {
    format!(r#"40{{"sid":"{}"}}"#, next_id())
}

/// Returns an id as long as a real one.
fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:020}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

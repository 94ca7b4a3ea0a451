use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns a free port of 127.0.0.1.
///
/// The port is below 32 768, where Linux takes the ports of clients from. A client that connects again and again while its
/// server is down may otherwise get the server's port, and connect to itself.
///
/// # Panics
///
/// Panics if there is no free port.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Tests run in several processes, which begin at different ports.
    let first = process::id().wrapping_mul(101);
    (0..RANGE)
        .map(|_| FIRST + (first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % RANGE) as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

const FIRST: u16 = 20_000;
const RANGE: u32 = 12_000;

//! The memory that sessions hold, and the memory they free.

use crate::client::{Client, answer, text};
use crate::heap::{heap_of, uncounted};
use crate::server::Server;

#[test]
fn ten_thousand_idle_sessions() {
    idle_sessions(10_000);
}

#[test]
fn fifty_thousand_idle_sessions() {
    idle_sessions(50_000);
}

/// Connects `count` clients, leaves them idle, and drops them.
fn idle_sessions(count: usize) {
    let server = Server::start();
    let mut clients = uncounted(Vec::new);
    let come = heap_of(|| clients = server.connect_many(count));
    let each = come.growth as usize / count;
    println!("{count} sessions: {each} bytes each");
    assert!(each <= IDLE_SESSION, "{each} bytes a session, the bound is {IDLE_SESSION}");

    let gone = heap_of(|| {
        // One after the other: if all woke at once, the runtime's own queue would grow, and it never shrinks.
        for client in clients.drain(..) {
            drop(client);
            server.rest();
        }
        server.until_empty();
    });
    uncounted(|| drop(clients));
    let left = come.growth + gone.growth;
    let share = left as f64 / come.peak as f64;
    println!("{count} sessions: {left} bytes of {} are left, {:.2} %", come.peak, 100.0 * share);
    assert!(share <= LEFT, "{left} bytes of {} are left when all have gone", come.peak);
}

/// A client may open sessions on one connection as fast as it can send requests, and abandon them.
#[test]
fn a_hundred_thousand_sessions_that_are_left_alone() {
    const COUNT: usize = 100_000;
    let server = Server::start();
    let client = server.accept();
    server.run(client.open_by_polling(""));
    server.rest();
    let open = |query: &str| {
        heap_of(|| {
            for _ in 0..COUNT {
                server.run(client.open_by_polling(query));
            }
            server.rest();
        })
    };
    let each = open("").growth as usize / COUNT;
    println!("{COUNT} sessions that are left alone: {each} bytes each");
    assert!(each <= LEFT_ALONE, "{each} bytes a session, the bound is {LEFT_ALONE}");
    uncounted(|| drop(client));
}

/// The bound on the heap of a session that was opened by long polling and never polled. The actual size is about 1 540
/// bytes.
const LEFT_ALONE: usize = 1600;

/// The bound on the heap of a session on a WebSocket that is connected to one namespace, without the memory that the
/// HTTP server and the runtime keep for its TCP stream. The actual size is about 2 040 bytes, and varies with the
/// number of sessions because tables are partly empty.
const IDLE_SESSION: usize = 2112;

/// The fraction of the peak that may remain when all clients have left.
const LEFT: f64 = 0.01;

#[test]
fn large_messages_leave_nothing_behind() {
    const SESSIONS: usize = 100;
    let server = Server::start();
    let text_256k = "x".repeat(256 * 1024);
    let question = text(&format!(r#"42["text","{text_256k}"]"#));
    let echo = answer(&format!(r#"42["text","{text_256k}"]"#));
    let exchange = |client: &Client| {
        client.send(&question);
        server.run(client.expect(&echo));
        server.rest();
    };
    // Allocates the buffers that all sessions of a thread share.
    let first = server.connect();
    exchange(&first);

    let clients = server.connect_many(SESSIONS);
    let heap = heap_of(|| clients.iter().for_each(exchange));
    let each = heap.growth / SESSIONS as i64;
    println!("after 256 KiB each way: {each} bytes each are kept");
    assert!(each <= RETAINED, "{each} bytes a session are kept after a message of 256 KiB each way");
    uncounted(|| drop((first, clients)));
}

/// The bytes of its buffers that a session may keep.
const RETAINED: i64 = 256;

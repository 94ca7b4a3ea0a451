//! A client that sends faster than its events are handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{Socket, SocketIo};

use crate::client::{Server, Ws, until};

/// Events that wait for a free handler are parked, so that the ack that frees the handler can pass them.
#[tokio::test(start_paused = true)]
async fn an_ack_gets_past_the_events_that_wait_for_its_handler() {
    const EVENTS: usize = 4000;
    for builder in [TestClient::builder().websocket(), TestClient::builder().polling()] {
        let (io, handled) = (SocketIo::builder().concurrency(1).build(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&handled);
        io.of("/", |ns| {
            ns.on("ask", async |socket: Socket| {
                socket.emit_with_ack::<_, String>("who", "are you").await.expect("the client answers")
            });
            ns.on("n", async move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
        });
        let client = builder.connect(&io).await.unwrap();
        let asked = client.emit_with_ack::<_, String>("ask", "me");
        for n in 0..EVENTS {
            client.emit("n", &n);
        }
        let question = client.expect_event("who").await;
        settled().await;
        assert_eq!(handled.load(Ordering::Relaxed), 0, "one handler runs at a time");
        let waiting = io.stats().received_bytes;
        assert!((EVENTS * 8..EVENTS * 16).contains(&waiting), "{waiting} bytes wait, all of them parked");
        question.ack("ada");
        assert_eq!(asked.await.unwrap(), "ada");
        settled().await;
        assert_eq!((handled.load(Ordering::Relaxed), io.stats().received_bytes), (EVENTS, 0));
    }
}

/// A flood keeps its worker busy. A runtime that polls for the input of other sessions only every 61 polls would handle
/// 125 000 events first.
///
/// On the wall clock: a runtime of its own, and readiness reported by the kernel.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_are_heard_between_its_turns() {
    const BETWEEN: usize = 20_000;
    let (io, handled) = (SocketIo::builder().build(), Arc::new(AtomicUsize::new(0)));
    let (count, mark) = (Arc::clone(&handled), Arc::clone(&handled));
    io.of("/", |ns| {
        ns.on("a", async move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        ns.on("mark", async move || mark.load(Ordering::Relaxed));
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let served = io.clone();
    let server = runtime.spawn(async move { Server::on_tcp(&served).await }).await.unwrap();
    let (mut flooder, mut healthy) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);
    let flood = tokio::spawn(async move {
        // Text frames masked with zeroes.
        let events = [&[0x81, 0x87, 0, 0, 0, 0][..], br#"42["a"]"#].concat().repeat(4096);
        loop {
            flooder.send_raw(&events).await;
        }
    });
    until("the flood", || handled.load(Ordering::Relaxed) > 100_000).await;
    let mut between = Vec::new();
    for _ in 0..51 {
        let sent = handled.load(Ordering::Relaxed);
        healthy.send(r#"427["mark"]"#).await;
        let answer = healthy.text().await;
        let marked = answer.strip_prefix("437[").and_then(|answer| answer.strip_suffix(']')).expect("an ack");
        between.push(marked.parse::<usize>().expect("a number") - sent);
    }
    flood.abort();
    runtime.shutdown_background();
    between.sort_unstable();
    assert!(between[25] <= BETWEEN, "{} events were handled before an ack, in the middle", between[25]);
}

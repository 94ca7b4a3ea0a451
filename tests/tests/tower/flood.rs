//! A client that sends faster than it is handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{Socket, SocketIo};

/// What waits for a free handler is parked, so that the ack which frees the handler gets past it.
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

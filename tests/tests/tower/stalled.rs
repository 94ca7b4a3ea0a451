//! A peer that keeps its connection open and reads nothing.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socketio_core::Encoded;
use socketio_tower::{DisconnectReason, EmitStatus, Overflow, Socket, SocketIo, SocketIoBuilder};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use crate::client::{Log, Server, Ws, attached, until};

const BOUND: usize = 512 * 1024;
/// Enough to fill the connection and the queue.
const FLOOD: usize = 2 * BOUND;

fn reporting(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.max_queued_bytes(BOUND).build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    (io, log)
}

/// Returns a peer that reads nothing, and its socket.
async fn stalled(server: &Server, io: &SocketIo) -> (Ws, Socket) {
    let ws = Ws::connect(&server.address.with_pipe(4096)).await;
    (ws, only(io))
}

/// Returns the only socket of the server.
fn only(io: &SocketIo) -> Socket {
    let [socket] = &io.namespace("/").expect("it is defined").all().sockets()[..] else {
        panic!("one socket")
    };
    socket.clone()
}

/// fault 1: a peer that stops reading blocked its writer forever. Other clients must not notice it at all.
#[tokio::test(start_paused = true)]
async fn the_write_deadline_ends_it_and_others_notice_nothing() {
    let deadline = Duration::from_millis(500);
    let (io, log) = reporting(SocketIo::builder().write_timeout(deadline).overflow(Overflow::Discard));
    let server = Server::start(&io);
    let (_peer, socket) = stalled(&server, &io).await;
    let mut healthy = Ws::connect(&server.address).await;
    let text = "x".repeat(64 * 1024);
    let packet = format!(r#"42["flood","{text}"]"#);
    let (start, mut pace) = (Instant::now(), tokio::time::interval(Duration::from_millis(5)));
    while log.lines().is_empty() {
        pace.tick().await;
        let sent = Instant::now();
        io.emit("flood", &text);
        healthy.expect(&packet).await;
        assert_eq!(sent.elapsed(), Duration::ZERO, "nobody waited for it");
        assert!(socket.queued_bytes() <= BOUND, "its queue is bounded");
    }
    let held = start.elapsed();
    assert!((deadline..deadline + Duration::from_millis(10)).contains(&held), "it was held for {held:?}");
    until("its session ends", || io.sessions() == 1).await;
    assert!(matches!(socket.emit("late", ""), EmitStatus::Gone));
    io.emit("last", "");
    healthy.expect(r#"42["last",""]"#).await;
    assert_eq!(log.lines(), ["transport error"]);
}

/// The same with a kernel that buffers, and a second thread.
///
/// On the wall clock: TCP and threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_deadline_ends_it_over_tcp() {
    let deadline = Duration::from_millis(500);
    let (io, log) = reporting(SocketIo::builder().write_timeout(deadline).overflow(Overflow::Discard));
    let server = Server::on_tcp(&io).await;
    let _peer = Ws::connect_narrow(&server.address).await;
    let socket = only(&io);
    let mut healthy = Ws::connect(&server.address).await;
    let text = "x".repeat(64 * 1024);
    let packet = format!(r#"42["flood","{text}"]"#);
    while log.lines().is_empty() {
        io.emit("flood", &text);
        healthy.expect(&packet).await;
        assert!(socket.queued_bytes() <= BOUND, "its queue is bounded");
    }
    until("its session ends", || io.sessions() == 1).await;
    assert!(matches!(socket.emit("late", ""), EmitStatus::Gone));
    io.emit("last", "");
    healthy.expect(r#"42["last",""]"#).await;
    assert_eq!(log.lines(), ["transport error"]);
}

#[tokio::test(start_paused = true)]
async fn an_overflowing_queue_closes_it() {
    let (io, log) = reporting(SocketIo::builder().overflow(Overflow::Close));
    let server = Server::start(&io);
    let (peer, socket) = stalled(&server, &io).await;
    let text = "x".repeat(64 * 1024);
    let mut queued = 0;
    while socket.emit("flood", &text).is_queued() {
        assert!(socket.queued_bytes() <= BOUND, "its queue is bounded");
        queued += text.len();
        assert!(queued <= FLOOD);
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        assert!(matches!(socket.emit("flood", &text), EmitStatus::Gone), "only the first one finds it full");
    }
    log.expect(&["forced server close"]).await;
    assert!(matches!(socket.emit("late", ""), EmitStatus::Gone));
    drop(peer);
    until("its session ends", || io.sessions() == 0).await;
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_overflowing_queue_refuses_and_the_peer_may_come_back() {
    let (io, log) = reporting(SocketIo::builder().overflow(Overflow::Discard));
    let server = Server::start(&io);
    let (mut peer, socket) = stalled(&server, &io).await;
    let text = "x".repeat(16 * 1024);
    let mut queued = 0;
    // Ten times in a row: the connection takes nothing more either.
    let mut refused = 0;
    while refused < 10 {
        match socket.emit("n", &socketio_tower::Args((queued, &text))) {
            EmitStatus::Queued => (queued, refused) = (queued + 1, 0),
            EmitStatus::Full => refused += 1,
            other => panic!("{other:?}"),
        }
        assert!(socket.queued_bytes() <= BOUND, "its queue is bounded");
        assert!(queued * text.len() <= FLOOD);
        tokio::task::yield_now().await;
    }
    for n in 0..queued {
        let packet = peer.text().await;
        assert!(packet.starts_with(&format!(r#"42["n",{n},"x"#)), "{n}");
    }
    socket.drained().await;
    assert!(socket.emit("again", "").is_queued());
    peer.expect(r#"42["again",""]"#).await;
    assert!(log.lines().is_empty());
}

/// A peer that reads slowly is slow, not dead.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_closed() {
    let builder = SocketIo::builder().write_timeout(Duration::from_millis(300)).overflow(Overflow::Discard);
    let (io, log) = reporting(builder);
    let server = Server::start(&io);
    let (mut peer, socket) = stalled(&server, &io).await;
    let text = "x".repeat(16 * 1024);
    let slow = Instant::now() + Duration::from_millis(900);
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut full = false;
    while Instant::now() < slow {
        while socket.queued_bytes() < BOUND / 2 && socket.emit("n", &text).is_queued() {
            tokio::task::yield_now().await;
        }
        full |= socket.queued_bytes() > 0;
        pace.tick().await;
        for _ in 0..8 {
            peer.text().await;
        }
    }
    assert!(full && log.lines().is_empty(), "{:?}", log.lines());
}

/// A session whose task always has more to do still registers the progress of its transport.
#[tokio::test(start_paused = true)]
async fn a_busy_session_is_not_taken_for_a_stalled_one() {
    let (io, log) = reporting(SocketIo::builder().overflow(Overflow::Close));
    io.of("/", |ns| {
        ns.on("go", async |socket: Socket| {
            let text = "x".repeat(BOUND / 16);
            for _ in 0..24 {
                assert!(socket.emit("chunk", &text).is_queued());
                let mut woken = false;
                // Wakes the task at once, so that it is never idle.
                poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
            "done"
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address.with_pipe(2 * BOUND)).await;
    ws.send(r#"420["go"]"#).await;
    while ws.text().await != r#"430["done"]"# {}
    assert!(log.lines().is_empty());
}

/// A peer that takes a byte now and then makes progress, and would keep the whole queue of a closed session alive.
#[tokio::test(start_paused = true)]
async fn a_closing_stream_that_trickles_has_one_deadline() {
    let (io, log) = reporting(SocketIo::builder());
    let mut peer = attached(&io, 64).await;
    let mut taken = [0; 8];
    let text = "x".repeat(BOUND / 2);
    assert!(io.emit("large", &text).is_queued());
    io.disconnect_sockets(true).await;
    log.expect(&["server namespace disconnect"]).await;
    assert!(io.stats().queued_bytes > text.len(), "what is left is counted: {:?}", io.stats());
    let closed = Instant::now();
    while io.sessions() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.read_exact(&mut taken).await.ok();
        assert!(closed.elapsed() <= Duration::from_secs(22), "the write deadline is 20 s");
    }
    assert!(closed.elapsed() >= Duration::from_secs(19), "it had its time");
    assert_eq!(io.stats().queued_bytes, 0);
}

/// A thousand packets of a few bytes occupy a hundred times their payload.
#[tokio::test(start_paused = true)]
async fn a_packet_weighs_more_than_its_bytes() {
    let (io, _log) = reporting(SocketIo::builder().overflow(Overflow::Discard));
    let server = Server::start(&io);
    let (_peer, socket) = stalled(&server, &io).await;
    let (before, count) = (socket.queued_bytes(), 1000);
    for _ in 0..count {
        assert!(socket.emit("n", &1).is_queued());
    }
    assert!(socket.queued_bytes() - before >= count * Encoded::OVERHEAD);
}

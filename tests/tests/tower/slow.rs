//! Clients on slow lines: a message takes longer than their heartbeat.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use socketio_tower::{Data, DisconnectReason, SocketIo};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::client::{Log, POLLING, attached, send_text, text};

const HEARTBEAT: Duration = Duration::from_millis(400);

/// Returns a server, and a client that has read 6 MB in 3.4 s.
async fn slow_reader() -> (SocketIo, Arc<Log>, DuplexStream) {
    let builder = SocketIo::builder().ping_interval(HEARTBEAT).ping_timeout(HEARTBEAT);
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    let mut peer = attached(&io, 64 * 1024).await;
    assert!(io.emit("large", &"x".repeat(6_000_000)).is_queued());
    let (mut pace, mut taken) = (tokio::time::interval(Duration::from_millis(34)), vec![0; 60_000]);
    for _ in 0..100 {
        pace.tick().await;
        peer.read_exact(&mut taken).await.expect("a part of the message");
    }
    (io, log, peer)
}

/// The frame of a ping.
const PING: [u8; 3] = [0x81, 1, b'2'];

/// Fault: the timeout of a ping started while megabytes were queued before it, and a client on a slow line was closed.
#[tokio::test(start_paused = true)]
async fn a_client_has_its_time_from_when_a_ping_has_left() {
    let (io, log, mut peer) = slow_reader().await;
    let mut last = [0; 3];
    while last != PING {
        last.rotate_left(1);
        peer.read_exact(&mut last[2..]).await.expect("the ping behind the message");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    send_text(&mut peer, b"3").await;
    for _ in 0..5 {
        peer.read_exact(&mut last).await.expect("the next ping");
        assert_eq!(last, PING);
        send_text(&mut peer, b"3").await;
    }
    assert_eq!((io.sessions(), log.lines().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_and_answers_nothing_is_found_out() {
    let (_io, log, mut peer) = slow_reader().await;
    let read = tokio::time::Instant::now();
    peer.read_to_end(&mut Vec::new()).await.expect("what is left, and the end");
    assert_eq!(log.lines(), ["ping timeout"]);
    assert!(read.elapsed() <= HEARTBEAT, "{:?}", read.elapsed());
}

/// The same over long polling, where the ping waits for the next GET.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_read_slowly_is_waited_for() {
    for answers in [true, false] {
        let io = SocketIo::builder().ping_interval(HEARTBEAT).ping_timeout(HEARTBEAT).build();
        io.of("/", |_| {});
        let query = connected(&io).await;
        assert!(io.emit("large", &"x".repeat(6_000_000)).is_queued());
        let mut pace = tokio::time::interval(Duration::from_micros(4_600));
        let mut large = response(&io, &query, Empty::new()).await.into_body();
        let mut taken = 0;
        while let Some(piece) = large.frame().await {
            taken += piece.expect("infallible").into_data().expect("a piece").len();
            pace.tick().await;
        }
        assert!(taken > 6_000_000 && pace.period() * (taken as u32 / 8192) > 8 * HEARTBEAT);
        assert_eq!(text(&request(&io, &query, Empty::new()).await), "2");
        if answers {
            request(&io, &query, Full::from("3")).await;
        }
        tokio::time::sleep(HEARTBEAT + Duration::from_millis(1)).await;
        assert_eq!(io.sessions(), usize::from(answers));
    }
}

/// Fault: a body did not count before it was complete, and a client that took longer than a heartbeat to send it was
/// closed.
#[tokio::test(start_paused = true)]
async fn bytes_of_a_body_are_a_sign_of_life() {
    let io = SocketIo::builder().ping_interval(HEARTBEAT).ping_timeout(HEARTBEAT).build();
    io.of("/", |ns| {
        ns.on("size", async |Data(text): Data<String>| text.len());
    });
    let query = connected(&io).await;

    let (chunks, body) = channel();
    let post = tokio::spawn({
        let (io, query) = (io.clone(), query.clone());
        async move { request(&io, &query, body).await }
    });
    chunks.send(Bytes::from_static(br#"420["size",""#)).expect("it is read");
    for n in 0..60 {
        chunks.send(Bytes::from(vec![b'x'; 1000])).expect("it is read");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(io.stats().received_bytes, 12 + 1000 * (n + 1), "what has come is counted");
    }
    chunks.send(Bytes::from_static(br#""]"#)).expect("it is read");
    drop(chunks);
    let answer = post.await.expect("no panic");
    assert_eq!((answer.status(), &*text(&answer)), (StatusCode::OK, "ok"));
    let packets = text(&request(&io, &query, Empty::new()).await);
    assert!(packets.ends_with("430[60000]"), "{packets}");
    assert_eq!(io.stats().received_bytes, 0);

    let (_chunks, body) = channel();
    let answer = request(&io, &query, body).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "a body of which nothing comes is no sign of life");
    assert_eq!((io.sessions(), io.stats().received_bytes), (0, 0));
}

type Channel = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

fn channel() -> (mpsc::UnboundedSender<Bytes>, Channel) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let chunks = stream::unfold(receiver, async |mut receiver| {
        let chunk: Bytes = receiver.recv().await?;
        Some((Ok(Frame::data(chunk)), receiver))
    });
    (sender, StreamBody::new(chunks.boxed()))
}

/// Opens a polling session with a socket on `/`. Returns the query of its requests, without the transport.
async fn connected(io: &SocketIo) -> String {
    let open = text(&request(io, "", Empty::new()).await);
    let query = format!("&sid={}", &open[r#"0{"sid":""#.len()..][..20]);
    request(io, &query, Full::from("40")).await;
    request(io, &query, Empty::new()).await;
    query
}

/// Sends a GET, or a POST if there is a body; returns the whole response.
async fn request<B>(io: &SocketIo, query: &str, body: B) -> Response<Bytes>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (head, body) = response(io, query, body).await.into_parts();
    Response::from_parts(head, body.collect().await.expect("infallible").to_bytes())
}

async fn response<B>(
    io: &SocketIo,
    query: &str,
    body: B,
) -> Response<impl Body<Data = Bytes, Error = Infallible> + Unpin + use<B>>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let method = if body.is_end_stream() { "GET" } else { "POST" };
    let request = Request::builder().method(method).uri(format!("{POLLING}{query}")).body(body);
    io.layer().service().oneshot(request.expect("a request")).await.expect("infallible")
}

//! Responses to GETs that the HTTP server does not take, because the client does not read.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use socketio_tower::layer::ResponseBody;
use socketio_tower::testing::settled;
use socketio_tower::{DisconnectReason, SocketIo, SocketIoBuilder};
use tower::ServiceExt;

use crate::client::{Log, POLLING};

const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// More than a client reads at once.
const LARGE: usize = 256 * 1024;

type Answer = Response<ResponseBody<Empty<Bytes>>>;

/// A client directly on the layer: a test decides when a response is read.
struct Client {
    io: SocketIo,
    path: String,
}

impl Client {
    /// Returns a client with a socket on `/` that has read its CONNECT reply.
    async fn connect(io: &SocketIo) -> Self {
        let mut client = Self { io: io.clone(), path: POLLING.to_owned() };
        let open = read(client.get().await).await;
        let open: serde_json::Value = serde_json::from_str(&open[1..]).expect("an OPEN packet");
        client.path = format!("{POLLING}&sid={}", open["sid"].as_str().expect("a sid"));
        client.post("40").await;
        assert!(read(client.get().await).await.starts_with("40{"));
        client
    }

    async fn get(&self) -> Answer {
        self.request(Method::GET, "").await
    }

    async fn post(&self, body: &'static str) {
        assert_eq!(self.request(Method::POST, body).await.status(), StatusCode::OK);
    }

    async fn request(&self, method: Method, body: &'static str) -> Answer {
        let elsewhere = || std::future::ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
        let inner = tower::service_fn(move |_: Request<Full<Bytes>>| elsewhere());
        let request = Request::builder().method(method).uri(&self.path).body(Full::from(body));
        let layer = self.io.layer();
        let service = tower::Layer::layer(&layer, inner);
        service.oneshot(request.expect("a request")).await.expect("an answer")
    }
}

async fn read(answer: Answer) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.expect("no error");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// Reads a piece of a response, as an HTTP server does when its client has room.
async fn piece(answer: &mut Answer) -> Option<Bytes> {
    let mut body = Pin::new(answer.body_mut());
    let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await?;
    Some(frame.expect("no error").into_data().expect("data"))
}

fn server(builder: SocketIoBuilder) -> (SocketIo, std::sync::Arc<Log>) {
    let (io, log) = (builder.write_timeout(WRITE_TIMEOUT).build(), std::sync::Arc::new(Log::default()));
    let sink = log.clone();
    io.of("/", |ns| ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str())));
    (io, log)
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_until_its_last_piece_is_taken() {
    let (io, log) = server(SocketIo::builder());
    let client = Client::connect(&io).await;
    io.emit("large", &"x".repeat(LARGE));
    let mut answer = client.get().await;
    settled().await;
    let length = answer.body().size_hint().exact().expect("a length") as usize;
    assert!(length > LARGE);
    let mut taken = 0;
    while taken < length {
        assert!(io.stats().queued_bytes >= length, "{} are counted", io.stats().queued_bytes);
        let piece = piece(&mut answer).await.expect("a piece");
        assert!(piece.len() <= 8 * 1024, "{} bytes", piece.len());
        taken += piece.len();
    }
    assert_eq!((taken, io.stats().queued_bytes), (length, 0));
    assert!(answer.body().is_end_stream() && piece(&mut answer).await.is_none());
    io.emit("next", &1);
    assert_eq!(read(client.get().await).await, r#"42["next",1]"#);
    assert!(log.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_an_unread_answer_has_the_same_bound() {
    let (io, log) = server(SocketIo::builder().max_queued_bytes(LARGE));
    let client = Client::connect(&io).await;
    io.emit("large", &"x".repeat(LARGE / 2));
    let _answer = client.get().await;
    io.emit("large", &"x".repeat(LARGE / 3));
    settled().await;
    assert!(log.lines().is_empty() && io.stats().queued_bytes <= LARGE);
    io.emit("large", &"x".repeat(LARGE / 3));
    settled().await;
    assert_eq!((log.lines(), io.stats().overflowed), (vec!["forced server close".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_is_taken_ends_the_session() {
    let (io, log) = server(SocketIo::builder());
    let clients = [Client::connect(&io).await, Client::connect(&io).await];
    io.emit("large", &"x".repeat(LARGE));
    let (mut slow, mut stalled) = (clients[0].get().await, clients[1].get().await);
    for _ in 0..3 {
        tokio::time::sleep(WRITE_TIMEOUT / 2).await;
        assert!(piece(&mut slow).await.is_some());
    }
    assert_eq!(log.lines(), ["transport error"], "one of them was read from");
    assert_eq!(io.sessions(), 1);
    assert!(piece(&mut stalled).await.is_none(), "the other is gone");
    assert!(io.stats().queued_bytes < 2 * LARGE);
}

/// A client that polls again and again, on connections that it does not read.
#[tokio::test(start_paused = true)]
async fn a_get_beside_an_unread_answer_is_refused() {
    let (io, log) = server(SocketIo::builder());
    let client = Client::connect(&io).await;
    let mut unread = Vec::new();
    for n in 0..60 {
        io.emit("large", &"x".repeat(LARGE));
        let answer = client.get().await;
        assert_eq!(answer.status().is_success(), n == 0, "{n}");
        unread.push(answer);
    }
    settled().await;
    assert_eq!(log.lines(), ["transport error"]);
    assert!((LARGE..2 * LARGE).contains(&io.stats().queued_bytes), "{:?}", io.stats());
    tokio::time::sleep(WRITE_TIMEOUT).await;
    assert_eq!((io.sessions(), io.stats().queued_bytes), (0, 0));
}

/// The last response of a session has one deadline, however slowly it is read.
#[tokio::test(start_paused = true)]
async fn the_last_answer_may_not_trickle() {
    let (io, log) = server(SocketIo::builder());
    let client = Client::connect(&io).await;
    io.emit("large", &"x".repeat(LARGE));
    let mut answer = client.get().await;
    settled().await;
    client.post("1").await;
    settled().await;
    assert_eq!(log.lines(), ["transport close"]);
    let closed = tokio::time::Instant::now();
    while piece(&mut answer).await.is_some() {
        tokio::time::sleep(WRITE_TIMEOUT / 8).await;
    }
    assert!(closed.elapsed() <= WRITE_TIMEOUT + WRITE_TIMEOUT / 8);
    settled().await;
    assert_eq!((io.sessions(), io.stats().queued_bytes), (0, 0));
}

/// If the HTTP server drops a response, its packets are lost.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_given_up_half_way_ends_the_session() {
    let (io, log) = server(SocketIo::builder());
    let client = Client::connect(&io).await;
    io.emit("large", &"x".repeat(LARGE));
    let mut answer = client.get().await;
    piece(&mut answer).await.expect("a piece");
    drop(answer);
    settled().await;
    assert_eq!(log.lines(), ["transport error"]);
    assert_eq!((io.sessions(), io.stats().queued_bytes), (0, 0));
}

/// `drained` waits for the client's poll, too.
#[tokio::test(start_paused = true)]
async fn drained_waits_for_the_last_piece() {
    let (io, _log) = server(SocketIo::builder());
    let client = Client::connect(&io).await;
    io.emit("large", &"x".repeat(LARGE));
    let mut answer = client.get().await;
    let [socket] = &io.namespace("/").expect("it was defined").all().sockets()[..] else {
        panic!("one socket")
    };
    let socket = socket.clone();
    let drained = tokio::spawn(async move { socket.drained().await });
    settled().await;
    assert!(!drained.is_finished());
    while piece(&mut answer).await.is_some() {}
    settled().await;
    assert!(drained.is_finished());
}

//! Requests that belong to the layer, and the way it passes on all others.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AxumRequest;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use socketio_tower::{SocketIo, SocketIoService};
use tokio::sync::mpsc;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::client::{Http, Poller, Server, soon, text};
use crate::network::{Connect, Network};

const OURS: &str = r#"{"code":0,"message":"Transport unknown"}"#;

/// Returns an application that responds with the path and status 418.
fn echo() -> Router {
    Router::new().fallback(async |request: AxumRequest| {
        (StatusCode::IM_A_TEAPOT, [("x-inner", "yes")], request.uri().path().to_owned())
    })
}

async fn assert_ours(address: &Network, path: &str) {
    let answer = Http::connect(address).await.get(path).await;
    assert_eq!((answer.status(), &*text(&answer)), (StatusCode::BAD_REQUEST, OURS), "{path}");
}

async fn assert_passes(address: &Network, path: &str) {
    let answer = Http::connect(address).await.get(path).await;
    assert_eq!((answer.status(), &*text(&answer)), (StatusCode::IM_A_TEAPOT, path), "{path}");
    assert_eq!(answer.headers()["x-inner"], "yes");
}

#[tokio::test(start_paused = true)]
async fn two_paths_are_ours() {
    let server = Server::serve(echo().layer(SocketIo::new().layer()));
    for path in ["/socket.io", "/socket.io/"] {
        assert_ours(&server.address, path).await;
    }
    let others = [
        "/",
        "/socket.io/admin",
        "/socket.io//",
        "/socket.iox",
        "/socket.io/socket.io/",
        "/Socket.IO/",
        "//socket.io/",
        "/x/socket.io/",
        "/socket",
    ];
    for path in others {
        assert_passes(&server.address, path).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_path_may_be_another() {
    for path in ["/live/chat", "live/chat/"] {
        let io = SocketIo::builder().path(path).build();
        let server = Server::serve(echo().layer(io.layer()));
        assert_ours(&server.address, "/live/chat").await;
        assert_ours(&server.address, "/live/chat/").await;
        for path in ["/socket.io/", "/live/", "/live/chat/x"] {
            assert_passes(&server.address, path).await;
        }
        Poller::open_at(&server.address, "/live/chat/?EIO=4&transport=polling").await;
    }
}

/// Opens a connection that streams in both directions.
async fn streaming(address: &Network) -> http1::SendRequest<Channel> {
    let stream = address.connect().await.expect("a connection");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    sender
}

type Channel = StreamBody<futures_util::stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

fn channel() -> (mpsc::UnboundedSender<&'static str>, Channel) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let frames = futures_util::stream::unfold(receiver, async |mut receiver| {
        let chunk: &str = receiver.recv().await?;
        Some((Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))), receiver))
    });
    (sender, StreamBody::new(frames.boxed()))
}

#[tokio::test(start_paused = true)]
async fn bodies_pass_chunk_by_chunk_both_ways() {
    // The application echoes each chunk of the request.
    let app = Router::new()
        .fallback(async |request: AxumRequest| Body::from_stream(request.into_body().into_data_stream()));
    let server = Server::serve(app.layer(SocketIo::new().layer()));
    let mut connection = streaming(&server.address).await;
    let (chunks, body) = channel();
    let request = Request::post("/echo").header("host", "localhost").body(body).expect("a request");
    chunks.send("one").expect("the server reads");
    let mut answer = soon(connection.send_request(request)).await.expect("an answer").into_body();
    for (chunk, next) in [("one", Some("two")), ("two", Some("three")), ("three", None)] {
        let frame = soon(answer.frame()).await.expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data"), chunk);
        if let Some(next) = next {
            chunks.send(next).expect("the server reads");
        }
    }
    drop(chunks);
    assert!(soon(answer.frame()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_length_of_a_body_is_known_outside() {
    let inner = service_fn(async |request: Request<Empty<Bytes>>| {
        let body = if request.uri().path() == "/full" { Full::from("12345") } else { Full::default() };
        Ok::<_, Infallible>(Response::new(body))
    });
    let service = SocketIo::new().layer().layer(inner);
    let ask = async |path: &str| {
        let request = Request::get(path).body(Empty::<Bytes>::new()).expect("a request");
        service.clone().oneshot(request).await.expect("infallible").into_body()
    };
    let full = ask("/full").await;
    assert_eq!((full.size_hint().exact(), full.is_end_stream()), (Some(5), false));
    let empty = ask("/empty").await;
    assert_eq!((empty.size_hint().exact(), empty.is_end_stream()), (Some(0), true));
    let mut ours = ask("/socket.io/").await;
    assert_eq!((ours.size_hint().exact(), ours.is_end_stream()), (Some(OURS.len() as u64), false));
    assert_eq!(ours.frame().await.and_then(|frame| frame.ok()?.into_data().ok()), Some(Bytes::from(OURS)));
    assert_eq!((ours.size_hint().exact(), ours.is_end_stream()), (Some(0), true));
    assert!(ours.frame().await.is_none());
}

/// A service that is ready on demand, and fails when called.
#[derive(Clone)]
struct Moody(Arc<AtomicBool>);

#[derive(Debug, PartialEq)]
struct Mood;

impl Service<Request<Empty<Bytes>>> for Moody {
    type Response = Response<Empty<Bytes>>;
    type Error = Mood;
    type Future = std::future::Ready<Result<Self::Response, Mood>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Mood>> {
        if self.0.load(Ordering::Relaxed) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        assert!(self.0.load(Ordering::Relaxed), "called before it was ready");
        std::future::ready(Err(Mood))
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_decides_when_it_is_ready() {
    let ready = Arc::new(AtomicBool::new(false));
    let mut service = SocketIo::new().layer().layer(Moody(Arc::clone(&ready)));
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    assert!(service.poll_ready(cx).is_pending());
    ready.store(true, Ordering::Relaxed);
    assert_eq!(service.poll_ready(cx), Poll::Ready(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn the_error_of_the_inner_service_is_the_error() {
    let service = SocketIo::new().layer().layer(Moody(Arc::new(AtomicBool::new(true))));
    let request = |path: &str| Request::get(path).body(Empty::new()).expect("a request");
    assert_eq!(service.clone().oneshot(request("/")).await.map(drop), Err(Mood));
    assert_eq!(service.oneshot(request("/socket.io/")).await.map(drop), Ok(()), "ours never fail");
}

#[test]
fn the_service_is_what_its_inner_service_is() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<SocketIoService<Moody>>();
    check::<socketio_tower::SocketIoLayer>();
    check::<SocketIo>();
    let mut service = SocketIo::new().layer().layer(7);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (8, 8));
}

/// Fault: each layer had its own session table, so polling through two listeners failed.
#[tokio::test(start_paused = true)]
async fn two_layers_share_their_sessions() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    let (one, other) = (Server::start(&io), Server::start(&io));
    let mut here = Poller::connect(&one.address).await;
    let answer = Http::connect(&other.address)
        .await
        .request(crate::client::request(http::Method::POST, here.path(), r#"420["ping"]"#))
        .await;
    assert_eq!(text(&answer), "ok");
    assert_eq!(here.get().await, r#"430["pong"]"#);
    assert_eq!(io.sessions(), 1);
}

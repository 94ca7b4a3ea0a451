//! The layers of tower-http around ours, each in one `ServiceBuilder` with it: they compile, Socket.IO clients get
//! through, and the responses they generate have an empty body.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use socketio_tower::SocketIo;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer, TimeoutLayer};
use tower_http::trace::TraceLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::client::{Http, POLLING, Poller, Server, Ws, request, text};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// Returns an application with a layer around ours.
macro_rules! around {
    ($io:expr, $layer:expr) => {
        Router::new().layer(ServiceBuilder::new().layer($layer).layer($io.layer()))
    };
}

fn adder() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("next", async |socketio_tower::Data(n): socketio_tower::Data<u32>| n + 1);
    });
    io
}

/// Checks that both transports work.
async fn passes(app: Router) -> Server {
    let server = Server::serve(app);
    let mut poller = Poller::connect(&server.address).await;
    assert_eq!(poller.post(r#"427["next",41]"#).await, "ok");
    assert_eq!(poller.get().await, "437[42]");
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"427["next",41]"#).await;
    ws.expect("437[42]").await;
    server
}

/// Checks a response that the outer layer generates.
async fn answers(server: &Server, request: Request<Full<Bytes>>, status: StatusCode) {
    let answer = Http::connect(&server.address).await.request(request).await;
    assert_eq!((answer.status(), &**answer.body()), (status, &b""[..]));
}

#[tokio::test(start_paused = true)]
async fn cors() {
    let server = passes(around!(adder(), CorsLayer::permissive())).await;
    let mut preflight = request(Method::OPTIONS, POLLING, "");
    preflight.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://example.com"));
    preflight.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
    answers(&server, preflight, StatusCode::OK).await;
}

#[tokio::test(start_paused = true)]
async fn csrf() {
    let server = passes(around!(adder(), CsrfLayer::new())).await;
    let mut foreign = request(Method::POST, POLLING, "");
    foreign.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    let answer = Http::connect(&server.address).await.request(foreign).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

/// A long timeout has no effect; a short one ends the request.
#[tokio::test(start_paused = true)]
async fn timeout() {
    let timeout = |after| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, after);
    passes(around!(adder(), timeout(LONG))).await;
    let never = SocketIo::builder().allow_request(async |_| std::future::pending().await).build();
    let server = Server::serve(around!(never, timeout(Duration::ZERO)));
    answers(&server, request(Method::GET, POLLING, ""), StatusCode::REQUEST_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_bodies() {
    let layer = ServiceBuilder::new()
        .layer(RequestBodyTimeoutLayer::new(LONG))
        .layer(ResponseBodyTimeoutLayer::new(LONG))
        .into_inner();
    passes(around!(adder(), layer)).await;
}

#[tokio::test(start_paused = true)]
async fn request_body_limit() {
    let server = passes(around!(adder(), RequestBodyLimitLayer::new(100))).await;
    let mut poller = Poller::connect(&server.address).await;
    let long = format!(r#"42["next","{}"]"#, "x".repeat(100));
    assert_eq!(poller.post_response(long).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The request did not reach the session, which lives on.
    assert_eq!(poller.post(r#"420["next",1]"#).await, "ok");
    assert_eq!(poller.get().await, "430[2]");
}

#[tokio::test(start_paused = true)]
async fn compression() {
    passes(around!(adder(), CompressionLayer::new())).await;
}

#[tokio::test(start_paused = true)]
async fn trace() {
    passes(around!(adder(), TraceLayer::new_for_http())).await;
}

#[tokio::test(start_paused = true)]
async fn catch_panic() {
    passes(around!(adder(), CatchPanicLayer::new())).await;
}

#[tokio::test(start_paused = true)]
async fn validation() {
    let layer = ValidateRequestHeaderLayer::has_header_value("host", "localhost").expect("a name");
    let server = passes(around!(adder(), layer)).await;
    let mut stranger = request(Method::GET, POLLING, "");
    stranger.headers_mut().insert(header::HOST, HeaderValue::from_static("example.com"));
    let answer = Http::connect(&server.address).await.request(stranger).await;
    assert!(answer.status().is_client_error());
    assert_eq!(text(&answer), "");
}

#[tokio::test(start_paused = true)]
async fn headers() {
    const ID: HeaderName = HeaderName::from_static("x-request-id");
    let layer = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(ID, MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(ID))
        .layer(SetSensitiveHeadersLayer::new([header::COOKIE]))
        .layer(SetResponseHeaderLayer::overriding(header::SERVER, HeaderValue::from_static("x")))
        .into_inner();
    let server = passes(around!(adder(), layer)).await;
    let answer = Http::connect(&server.address).await.get(POLLING).await;
    assert!(answer.headers().contains_key(ID));
    assert_eq!(answer.headers()[header::SERVER], "x");
}

/// It removes the trailing slash of the path; our layer accepts the path without it too.
#[tokio::test(start_paused = true)]
async fn normal_paths() {
    passes(around!(adder(), NormalizePathLayer::trim_trailing_slash())).await;
}

/// Without axum, which hides the types of bodies.
#[tokio::test(start_paused = true)]
async fn all_of_them_around_any_service() {
    let inner = |_: Request<_>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("inner"))) };
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(CorsLayer::permissive())
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONG))
        .layer(RequestBodyTimeoutLayer::new(LONG))
        .layer(RequestBodyLimitLayer::new(1000))
        .layer(MapRequestBodyLayer::new(|body| body))
        .layer(MapResponseBodyLayer::new(|body| body))
        .layer(SocketIo::new().layer())
        .service_fn(inner);
    let get = |path: &str| service.clone().oneshot(request(Method::GET, path, ""));
    for (path, expected) in [("/", "inner"), (POLLING, "0{\"sid\":")] {
        let answer = get(path).await.expect("it cannot fail");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert!(body.starts_with(expected.as_bytes()), "{path}: {body:?}");
    }
}

//! Positions of the layer within an axum application.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode};
use socketio_tower::SocketIo;

use crate::client::{Http, Poller, Server, Ws, text};
use crate::network::Network;

/// Returns a Socket.IO server, and an application to mount it in.
fn parts() -> (SocketIo, Router) {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    (io, Router::new().route("/", get(async || "index")))
}

const QUERY: &str = "?EIO=4&transport=polling";

async fn serves(address: &Network, path: &str) {
    let mut poller = Poller::open_at(address, &format!("{path}{QUERY}")).await;
    assert_eq!(poller.post("40").await, "ok");
    assert!(poller.get().await.starts_with("40{"));
    let mut ws = Ws::handshake(address, &format!("{path}?EIO=4&transport=websocket")).await;
    ws.greeted().await;
    ws.join("").await;
    ws.send(r#"421["ping"]"#).await;
    ws.expect(r#"431["pong"]"#).await;
}

async fn is_not_found(address: &Network, path: &str) {
    let answer = Http::connect(address).await.get(&format!("{path}{QUERY}")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
}

async fn has_index(address: &Network, path: &str) {
    assert_eq!(text(&Http::connect(address).await.get(path).await), "index");
}

#[tokio::test(start_paused = true)]
async fn on_the_outermost_router() {
    let (io, app) = parts();
    let server = Server::serve(Router::new().nest("/api", app.clone()).merge(app).layer(io.layer()));
    serves(&server.address, "/socket.io/").await;
    has_index(&server.address, "/").await;
    has_index(&server.address, "/api").await;
    is_not_found(&server.address, "/api/socket.io/").await;
    is_not_found(&server.address, "/socket.io/x").await;
}

#[tokio::test(start_paused = true)]
async fn on_an_application_with_a_wildcard_and_a_fallback() {
    let (io, _) = parts();
    let app = Router::new().route("/{*path}", get(async || "wild")).fallback(async || "lost");
    let server = Server::serve(app.layer(io.layer()));
    serves(&server.address, "/socket.io/").await;
    assert_eq!(text(&Http::connect(&server.address).await.get("/x/y").await), "wild");
    assert_eq!(text(&Http::connect(&server.address).await.get("/").await), "lost");
}

/// `nest` keeps the routes of a router but not its default fallback, which the layer wraps.
#[tokio::test(start_paused = true)]
async fn a_layered_router_that_is_nested_serves_nobody() {
    let (io, app) = parts();
    let server = Server::serve(Router::new().nest("/api", app.layer(io.layer())));
    has_index(&server.address, "/api").await;
    is_not_found(&server.address, "/api/socket.io/").await;
    is_not_found(&server.address, "/socket.io/").await;
}

/// `merge` keeps one fallback: that of the router passed as its argument.
#[tokio::test(start_paused = true)]
async fn of_two_merged_routers_the_second_may_be_layered() {
    let (io, app) = parts();
    let other = Router::new().route("/other", get(async || "other"));
    let server = Server::serve(other.clone().merge(app.clone().layer(io.layer())));
    has_index(&server.address, "/").await;
    serves(&server.address, "/socket.io/").await;
    let server = Server::serve(app.layer(io.layer()).merge(other));
    has_index(&server.address, "/").await;
    is_not_found(&server.address, "/socket.io/").await;
}

/// A nested router keeps an explicit fallback and the layer around it, which sees the path without the prefix.
#[tokio::test(start_paused = true)]
async fn a_nested_router_with_a_fallback_of_its_own_serves() {
    let (io, app) = parts();
    let inner = app.fallback(async || StatusCode::NOT_FOUND).layer(io.layer());
    let server = Server::serve(Router::new().nest("/api", inner));
    serves(&server.address, "/api/socket.io/").await;
    has_index(&server.address, "/api").await;
    is_not_found(&server.address, "/socket.io/").await;
}

#[tokio::test(start_paused = true)]
async fn a_layered_router_nested_as_a_service_serves() {
    let (io, app) = parts();
    let server = Server::serve(Router::new().nest_service("/api", app.layer(io.layer())));
    serves(&server.address, "/api/socket.io/").await;
    has_index(&server.address, "/api").await;
}

#[tokio::test(start_paused = true)]
async fn as_a_service_on_a_route_of_its_own() {
    let (io, app) = parts();
    let service = io.layer().service();
    let app = app
        .route_service("/socket.io/", service.clone())
        .route_service("/elsewhere", service.clone())
        .nest_service("/deep/path", service);
    let server = Server::serve(Router::new().nest("/api", app.clone()).merge(app));
    for path in ["/socket.io/", "/elsewhere", "/deep/path/", "/deep/path/and/more", "/api/socket.io/"] {
        serves(&server.address, path).await;
    }
    has_index(&server.address, "/").await;
}

/// A layer that must see every response, such as CORS, goes around ours.
#[tokio::test(start_paused = true)]
async fn layers_around_it_see_its_requests_and_answers() {
    let (io, app) = parts();
    let outer = axum::middleware::map_response(async |mut response: Response| {
        response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
        response
    });
    let server = Server::serve(app.layer(io.layer()).layer(outer));
    serves(&server.address, "/socket.io/").await;
    for path in ["/", "/socket.io/", "/socket.io/?EIO=4&transport=polling"] {
        let answer = Http::connect(&server.address).await.get(path).await;
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{path}");
    }
}

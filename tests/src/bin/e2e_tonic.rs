//! The server of `tests/e2e` next to a gRPC service.

use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::{get, post};
use socketio_tests::contract;
use tonic::service::Routes;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let app = Routes::new(health)
        .into_axum_router()
        .route("/", get(async || "ok"))
        .route("/echo-body", post(async |body: Body| body))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(contract::server().layer());
    let listener = tokio::net::TcpListener::bind(contract::address()).await?;
    axum::serve(listener, app).await
}

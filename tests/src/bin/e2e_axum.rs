//! The server of `tests/e2e` on axum.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use socketio_tests::contract;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/", get(async || "ok"))
        .route("/echo-body", post(async |body: Body| body))
        .layer(contract::server().layer());
    let listener = tokio::net::TcpListener::bind(contract::address()).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app).await
}

//! warp and Socket.IO on one port. A filter is a tower service, to which the layer is applied.
//!
//! Filters and Socket.IO share state: a message posted to a route is sent to all sockets, and another route returns a
//! counter that sockets increment. The environment variable `PORT` sets the port, by default 3000.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socketio_tower::SocketIo;
use socketio_tower::extract::State;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use warp::Filter;
use warp::http::StatusCode;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let clicks = Arc::new(AtomicU64::new(0));
    let io = SocketIo::builder().state(Arc::clone(&clicks)).build();
    io.of("/", |ns| {
        ns.on("click", async |State(clicks): State<Arc<AtomicU64>>| {
            clicks.fetch_add(1, Ordering::Relaxed) + 1
        });
    });

    let count = warp::path("clicks").and(warp::path::end()).and(warp::get());
    let count = count.map(move || clicks.load(Ordering::Relaxed).to_string());
    let all = io.clone();
    let announce = warp::path!("announce" / String).and(warp::post()).map(move |text: String| {
        all.emit("announcement", &text);
        StatusCode::ACCEPTED
    });

    // `warp::serve` takes a filter instead of a service, so connections are served with hyper, with upgrades.
    let service = ServiceBuilder::new().layer(io.layer()).service(warp::service(count.or(announce)));
    let service = TowerToHyperService::new(service);
    let server = auto::Builder::new(TokioExecutor::new());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service.clone());
        let connection = connection.into_owned();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("connection: {error}");
            }
        });
    }
}

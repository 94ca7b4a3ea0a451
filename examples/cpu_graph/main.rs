//! A live graph of the processor: one task measures, and one task per socket sends, as often as its client
//! wants. `PORT` comes from the environment, default 3000; the page is in `page/`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use socketio_tower::extract::State;
use socketio_tower::{Data, NamespaceBuilder, Socket, SocketIo};
use tokio::sync::watch;
use tokio::time::sleep;
use tower_http::services::ServeDir;

mod cpu;
use cpu::{Cpu, Sample};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let cpu = Cpu::new();
    let io = SocketIo::builder().state(cpu.clone()).build();
    io.of("/", graph);

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vendor = here.join("../tests/browser/node_modules/socket.io-client/dist");
    let app = Router::new()
        .route("/watchers", get(async move || cpu.watchers().to_string()))
        .nest_service("/vendor", ServeDir::new(vendor))
        .fallback_service(ServeDir::new(here.join("cpu_graph/page")))
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("the graph is at http://localhost:{port}");
    axum::serve(listener, app).await
}

/// How often a client is told, until it wishes otherwise.
const USUAL: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The wish of a socket. Its task hears when it changes.
#[derive(Clone)]
struct Pace(Arc<watch::Sender<Duration>>);

fn graph(ns: &mut NamespaceBuilder) {
    ns.on_connect(async |socket: Socket, State(cpu): State<Cpu>| {
        let (pace, wanted) = watch::channel(USUAL);
        socket.extensions().insert(Pace(Arc::new(pace)));
        // Cancelled when the socket has been disconnected.
        socket.spawn(async move |socket| send(socket, cpu.watch(), wanted).await);
    });

    // Milliseconds. The ack says what it is: not shorter than what is measured.
    ns.on("interval", async |socket: Socket, Data(millis): Data<u64>| {
        let interval = Duration::from_millis(millis).clamp(cpu::PERIOD, LONGEST);
        if let Some(Pace(pace)) = socket.extensions().get() {
            pace.send_replace(interval);
        }
        interval.as_millis() as u64
    });
}

async fn send(socket: Socket, mut cpu: watch::Receiver<Sample>, mut pace: watch::Receiver<Duration>) {
    // It ends by itself only when the server does.
    while cpu.changed().await.is_ok() {
        let sample = *cpu.borrow_and_update();
        // What a slow client cannot take now it need not have later: there will be a newer one.
        socket.volatile().emit("cpu", &sample);
        let interval = *pace.borrow_and_update();
        tokio::select! {
            // A little less, so that the sample that comes just then is not missed.
            () = sleep(interval - cpu::PERIOD / 2) => {}
            _ = pace.changed() => {}
        }
        // Those that came meanwhile were not wanted.
        cpu.mark_unchanged();
    }
}

//! A live graph of the CPU usage. One task measures, and one task per socket sends samples at the interval chosen by
//! the client. The page is in `page/`. The environment variable `PORT` sets the port, by default 3000.

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
    axum::serve(listener, app.into_make_service()).await
}

/// The interval between samples until a client sets another one.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
const MAX_INTERVAL: Duration = Duration::from_secs(60);

/// The interval of a socket, watched by its task.
#[derive(Clone)]
struct Interval(Arc<watch::Sender<Duration>>);

fn graph(ns: &mut NamespaceBuilder) {
    ns.on_connect(async |socket: Socket, State(cpu): State<Cpu>| {
        let (sender, interval) = watch::channel(DEFAULT_INTERVAL);
        socket.extensions().insert(Interval(Arc::new(sender)));
        // Cancelled after the socket is disconnected.
        socket.spawn(async move |socket| send(socket, cpu.watch(), interval).await);
    });

    // Sets the interval in milliseconds. The ack is the actual interval, at least the period of measurement.
    ns.on("interval", async |socket: Socket, Data(millis): Data<u64>| {
        let interval = Duration::from_millis(millis).clamp(cpu::PERIOD, MAX_INTERVAL);
        if let Some(Interval(sender)) = socket.extensions().get() {
            sender.send_replace(interval);
        }
        interval.as_millis() as u64
    });
}

async fn send(socket: Socket, mut cpu: watch::Receiver<Sample>, mut interval: watch::Receiver<Duration>) {
    // Runs until the task is cancelled or the server ends.
    while cpu.changed().await.is_ok() {
        let sample = *cpu.borrow_and_update();
        // Slow clients skip samples, because newer ones follow.
        socket.volatile().emit("cpu", &sample);
        let wait = *interval.borrow_and_update() - cpu::PERIOD / 2;
        tokio::select! {
            // Slightly less than the interval, so that the sample due then is not missed.
            () = sleep(wait) => {}
            _ = interval.changed() => {}
        }
        // Skips the samples of the meantime.
        cpu.mark_unchanged();
    }
}

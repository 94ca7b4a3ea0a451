//! gRPC and Socket.IO on one port.
//!
//! tonic's own server cannot hand over connections, so a WebSocket cannot use it. Its routes are an axum router,
//! though, which axum's server serves with upgrades. The gRPC service is tonic's health service; a Socket.IO event
//! changes the status that gRPC clients see. The environment variable `PORT` sets the port, by default 3000.
//!
//! `tonic check URL` is a gRPC client that prints the status.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use socketio_tower::extract::State;
use socketio_tower::{Data, SocketIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::service::Routes;
use tonic::transport::Endpoint;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::HealthReporter;

/// The service whose health is reported.
const SERVICE: &str = "shop";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => serve().await,
        ["check", url] => check(url).await,
        _ => Err("usage: tonic [check URL]".into()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE, ServingStatus::Serving).await;

    let io = SocketIo::builder().state(reporter).build();
    io.of("/", |ns| {
        // Opens or closes the shop. The ack is sent once gRPC clients see the change.
        ns.on("open", async |State(reporter): State<HealthReporter>, Data(open): Data<bool>| {
            let status = if open { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status(SERVICE, status).await;
            status.to_string()
        });
    });

    // The outermost layer passes all other requests on to gRPC.
    let app = Routes::new(health).into_axum_router().layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server =
        axum::serve(listener, app.into_make_service()).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(server.into_future());
    tokio::signal::ctrl_c().await?;
    // Close sessions first: the server's shutdown would wait for polls and for WebSockets over HTTP/2, and cut off
    // other WebSockets.
    io.close(GRACE).await;
    stop.send(()).ok();
    // Without a timeout, a peer that sends half a request or does not read its response would block the shutdown.
    match timeout(GRACE, server).await {
        Ok(served) => served??,
        Err(_) => eprintln!("some connections did not end in time"),
    }
    Ok(())
}

/// The time for clients to disconnect, and for connections to end.
const GRACE: Duration = Duration::from_secs(5);

async fn check(url: &str) -> Result<(), Box<dyn Error>> {
    let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
    let request = HealthCheckRequest { service: SERVICE.to_owned() };
    let response = HealthClient::new(channel).check(request).await?.into_inner();
    println!("{}", response.status().as_str_name());
    Ok(())
}

//! Socket.IO beside routes of one's own, on hyper without a framework.
//!
//! Three things make a hyper server fit for Socket.IO: the layer around its service, connections that may
//! be upgraded, and a shutdown that waits for both. `PORT` comes from the environment, default 3000.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socketio_tower::{Args, Data, Socket, SocketIo};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::new();
    io.of("/", |ns| {
        // What a handler returns is the ack.
        ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b);
        ns.on("echo", async |socket: Socket, Data(text): Data<String>| socket.emit("echo", &text));
        ns.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(room));
        // To everybody in the room but the one who speaks.
        ns.on("say", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
            socket.to(room).emit("said", &text)
        });
    });

    // Requests for `/socket.io/` are the layer's, all others go on to `routes`.
    let service = ServiceBuilder::new().layer(io.layer()).service_fn(routes);
    let service = TowerToHyperService::new(service);

    let mut server = auto::Builder::new(TokioExecutor::new());
    // For WebSockets over HTTP/2 (RFC 8441).
    server.http2().enable_connect_protocol();
    let connections = GracefulShutdown::new();

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);

    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: some time helps, a tight loop does not.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = &mut interrupted => break,
        };
        // Small packets should leave at once. A failure means that the peer is gone.
        stream.set_nodelay(true).ok();
        // Without `_with_upgrades`, clients stay on polling.
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service.clone());
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("connection: {error}");
            }
        });
    }

    println!("closing");
    drop(listener);
    // Clients are told, and their disconnect handlers run. hyper forgets connections that were upgraded,
    // and a poll that waits would keep its own open: so the sessions come first.
    if !io.close(GRACE).await {
        eprintln!("some sessions did not end in time");
    }
    tokio::time::timeout(GRACE, connections.shutdown()).await.ok();
    Ok(())
}

/// How long clients may take to say goodbye.
const GRACE: Duration = Duration::from_secs(5);

async fn routes(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("hello from hyper\n"));
    if request.uri().path() != "/" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

//! Socket.IO next to other routes, on hyper without a framework.
//!
//! A hyper server needs four things for Socket.IO: the layer around its service, connections with upgrades, a timeout
//! for peers that send no request, and a shutdown that closes sessions first. The environment variable `PORT` sets the
//! port, by default 3000.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socketio_tower::{Args, Data, Socket, SocketIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::new();
    io.of("/", |ns| {
        // The return value of a handler is the ack.
        ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b);
        ns.on("echo", async |socket: Socket, Data(text): Data<String>| socket.emit("echo", &text));
        ns.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(room));
        // To all other sockets in the room.
        ns.on("say", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
            socket.to(room).emit("said", &text)
        });
    });

    // The layer handles requests for `/socket.io/` and passes all others on to `routes`.
    let service = ServiceBuilder::new().layer(io.layer()).service_fn(routes);
    let service = TowerToHyperService::new(service);

    let mut server = auto::Builder::new(TokioExecutor::new());
    // For WebSockets over HTTP/2 (RFC 8441).
    server.http2().enable_connect_protocol();
    // Drops peers that do not complete the head of a request. Without a timer, there is no such timeout.
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    // Dropping `open` notifies connections that have not received any bytes yet.
    let (open, closing) = watch::channel(());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);

    // Close sessions first, which notifies clients and runs their disconnect handlers: hyper does not track upgraded
    // connections, and would wait for pending polls. Meanwhile, connections are still accepted, because polling clients
    // have to fetch the end of their session.
    let mut closed = std::pin::pin!(async {
        tokio::signal::ctrl_c().await?;
        println!("closing");
        std::io::Result::Ok(io.close(GRACE).await)
    });
    let closed = loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Probably out of file descriptors: wait instead of spinning.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            closed = &mut closed => break closed?,
        };
        // Sends small packets at once. An error means that the peer is gone.
        stream.set_nodelay(true).ok();
        let (server, service, watcher) = (server.clone(), service.clone(), connections.watcher());
        let mut closing = closing.clone();
        tokio::spawn(async move {
            // The builder has no timeout while it waits for the first bytes to distinguish HTTP/1.1 from HTTP/2.
            let begun = tokio::select! {
                begun = timeout(HEAD_TIMEOUT, stream.readable()) => matches!(begun, Ok(Ok(()))),
                _ = closing.changed() => false,
            };
            if !begun {
                return;
            }
            // Without `_with_upgrades`, clients stay on polling.
            let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                eprintln!("connection: {error}");
            }
        });
    };

    drop((listener, open));
    if !closed {
        eprintln!("some sessions did not end in time");
    }
    // Remaining connections have a timeout, too: hyper waits indefinitely for incomplete requests and unread responses.
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        eprintln!("some connections did not end in time");
    }
    Ok(())
}

/// The time for a peer to send the head of a request, which also limits idle time between requests. Behind a proxy, it
/// must exceed the proxy's keep-alive timeout, or a request may arrive on a connection that is being closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// The time for clients to disconnect.
const GRACE: Duration = Duration::from_secs(5);

async fn routes(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("hello from hyper\n"));
    if request.uri().path() != "/" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

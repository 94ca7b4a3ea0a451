//! Socket.IO beside routes of one's own, on hyper without a framework.
//!
//! Four things make a hyper server fit for Socket.IO: the layer around its service, connections that may
//! be upgraded, a deadline for peers that send no request, and a shutdown that waits for sessions first. `PORT` comes
//! from the environment, default 3000.

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
    // A peer that stops in the middle of a request's head is dropped. Without a timer there is no such timeout.
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    // Dropped, it tells connections on which nothing was sent yet.
    let (open, closing) = watch::channel(());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);

    // Clients are told, and their disconnect handlers run. hyper forgets connections that were upgraded, and a poll that
    // waits would keep its own open: so the sessions come first. Meanwhile connections are accepted, for a client that
    // polls has the end of its session to fetch.
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
                    // Out of file descriptors, most likely: some time helps, a tight loop does not.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            closed = &mut closed => break closed?,
        };
        // Small packets should leave at once. A failure means that the peer is gone.
        stream.set_nodelay(true).ok();
        let (server, service, watcher) = (server.clone(), service.clone(), connections.watcher());
        let mut closing = closing.clone();
        tokio::spawn(async move {
            // While the builder waits for the first bytes, to tell HTTP/1.1 from HTTP/2, it has no timeout of its own.
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
    // The connections that are left have a deadline too: hyper waits for a request that has begun, and for an answer
    // that is not read, for as long as the peer likes.
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        eprintln!("some connections did not end in time");
    }
    Ok(())
}

/// How long a peer may take for the head of a request, and how long a kept connection may rest between two. Behind a
/// proxy it must be longer than the proxy keeps connections that rest, or a request may meet one that is being closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long clients may take to say goodbye.
const GRACE: Duration = Duration::from_secs(5);

async fn routes(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("hello from hyper\n"));
    if request.uri().path() != "/" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

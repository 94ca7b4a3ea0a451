//! Peers that start a request and do not finish it. The layer never sees them: the HTTP server has to drop them.

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socketio_tower::SocketIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::{Ws, soon};
use crate::network::{Connect, listen};

const HALF_A_LINE: &[u8] = b"GET /socket.io/?EIO=4&tran";

/// hyper's server with a timer and a timeout, as in the book.
#[tokio::test(start_paused = true)]
async fn half_a_request_line_is_dropped() {
    let io = SocketIo::new();
    let (address, mut listener) = listen();
    let service = TowerToHyperService::new(Router::new().layer(io.layer()));
    let server = tokio::spawn(async move {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
        while let Some(stream) = listener.accept().await {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service.clone());
            tokio::spawn(connection.into_owned());
        }
    });
    let mut peer = address.connect().await.expect("a connection");
    peer.write_all(HALF_A_LINE).await.expect("it is sent");
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).await.expect("the end of the stream");
    assert_eq!(String::from_utf8_lossy(&answer), "");
    server.abort();
}

/// The sessions have ended, and axum's shutdown waits for the rest of the request line; the book therefore adds a
/// deadline.
#[tokio::test(start_paused = true)]
async fn half_a_request_line_holds_a_shutdown_up() {
    const GRACE: Duration = Duration::from_secs(5);
    let io = SocketIo::new();
    let (address, listener) = listen();
    let app: Router = Router::new().layer(io.layer());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let mut server = tokio::spawn(server.into_future());
    let mut peer = address.connect().await.expect("a connection");
    peer.write_all(HALF_A_LINE).await.expect("it is sent");
    // Sent first, so the half request line has been read by now.
    let mut ws = Ws::connect(&address).await;

    let (ended, _) = tokio::join!(io.close(GRACE), ws.closed());
    assert!(ended);
    stop.send(()).expect("the server runs");
    assert!(timeout(GRACE, &mut server).await.is_err());
    drop(peer);
    soon(server).await.expect("it has not panicked").expect("no error");
}

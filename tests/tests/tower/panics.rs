//! Panics and other failures of the application, and the state they must not affect.

use std::sync::Arc;

use socketio_tower::extract::{DisconnectContext, EventContext, Extract, ExtractError};
use socketio_tower::{Socket, SocketIo};

use crate::client::{Log, Server, Ws};
use crate::life::{deserted, mortal};

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_hurts_nobody() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let (mut one, mut other) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);
    one.send(r#"42["panic"]"#).await;
    one.send(r#"42["panic",7]"#).await;
    one.send(r#"42["leave"]"#).await;
    one.expect("41").await;
    log.expect(&["server namespace disconnect: r"]).await;
    io.emit("news", "fine");
    other.expect(r#"42["news","fine"]"#).await;
    one.close().await;
    other.close().await;
    deserted(&io).await;
}

/// An extractor that panics.
struct Explosive;

impl Extract<EventContext> for Explosive {
    fn extract(_: &mut EventContext) -> Result<Self, ExtractError> {
        panic!("an extractor's fault")
    }
}

impl Extract<DisconnectContext> for Explosive {
    fn extract(_: &mut DisconnectContext) -> Result<Self, ExtractError> {
        panic!("an extractor's fault")
    }
}

/// An extension that is never provided.
struct Missing;

impl Extract<DisconnectContext> for Missing {
    fn extract(_: &mut DisconnectContext) -> Result<Self, ExtractError> {
        Err(ExtractError::new("it is not there"))
    }
}

/// Fault: a panic or a failed extractor in the disconnect handler left a ghost socket.
#[tokio::test(start_paused = true)]
async fn faults_of_the_application_leave_no_ghost() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    io.of("/", |ns| {
        let sink = Arc::clone(&log);
        ns.on_error(move |error| sink.add(format!("/ {}", error.cause())));
        ns.on("explode", async |_: Explosive| {});
        ns.on_disconnect(async |socket: Socket| -> () {
            assert!(socket.is_connected(), "a disconnect handler's fault");
        });
    });
    io.of("/explosive", |ns| {
        let sink = Arc::clone(&log);
        ns.on_error(move |error| sink.add(format!("/explosive {}", error.cause())));
        ns.on_connect(async || -> () { panic!("a connect handler's fault") });
        ns.on_disconnect(async |_: Explosive| {});
    });
    io.of("/missing", |ns| {
        let sink = Arc::clone(&log);
        ns.on_error(move |error| sink.add(format!("/missing {}", error.cause())));
        ns.on_disconnect(async |_: Missing| {});
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.join("/explosive").await;
    // A socket whose connect handler failed is disconnected.
    ws.expect("41/explosive,").await;
    log.expect(&["/explosive the handler panicked", "/explosive the handler panicked"]).await;
    ws.join("/missing").await;
    ws.send(r#"42["explode"]"#).await;
    ws.send("41/missing,").await;
    ws.send("41").await;
    log.expect(&[
        "/explosive the handler panicked",
        "/explosive the handler panicked",
        "/ the handler panicked",
        "/missing an argument could not be extracted: it is not there",
        "/ the handler panicked",
    ])
    .await;
    for namespace in ["/", "/explosive", "/missing"] {
        assert_eq!(io.namespace(namespace).map(|ns| ns.all().count()), Some(0), "{namespace}");
    }
    ws.close().await;
    deserted(&io).await;
}

/// The error hook receives failures; its own panic must not end the client's other sockets.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_error_hook_ends_nothing() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|_| panic!("a hook's fault"));
        ns.on("fail", async || Err::<(), _>("no"));
        ns.on("ping", async || "pong");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["fail"]"#).await;
    ws.send(r#"420["ping"]"#).await;
    ws.expect(r#"430["pong"]"#).await;
}

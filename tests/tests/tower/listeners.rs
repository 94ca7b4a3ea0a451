//! Handlers of one socket, beside those of its namespace.

use std::sync::Arc;

use socketio_tower::extract::State;
use socketio_tower::{Data, SetupError, Socket, SocketIo};

use crate::client::{Log, Server, Ws, until};

#[tokio::test(start_paused = true)]
async fn a_socket_may_have_several_listeners_and_the_first_answers() {
    let (io, log) = (SocketIo::builder().state(Arc::new(Log::default())).build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        let log = Arc::clone(&sink);
        ns.on("shared", async move |Data(n): Data<u8>| {
            log.add(format!("namespace {n}"));
            "namespace"
        });
        ns.on_connect(async move |socket: Socket| {
            for (name, answer) in [("shared", "1st"), ("own", "1st"), ("own", "2nd")] {
                let log = Arc::clone(&sink);
                let listener = async move |Data(n): Data<u8>| {
                    log.add(format!("{answer} {n}"));
                    answer
                };
                socket.on(name, listener).expect("a name that is free");
            }
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["shared",1]"#).await;
    ws.expect(r#"430["namespace"]"#).await;
    ws.send(r#"421["own",2]"#).await;
    ws.expect(r#"431["1st"]"#).await;
    log.expect(&["namespace 1", "1st 1", "1st 2", "2nd 2"]).await;
}

#[tokio::test(start_paused = true)]
async fn once_is_once_and_off_is_off() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.once("once", async || "now")?;
            let off = socket.on("off", async || "never")?;
            assert!(socket.off(off) && !socket.off(off));
            socket.on("many", async || "1")?;
            socket.on("many", async || "2")?;
            assert_eq!(
                socket.on("disconnect", async || ""),
                Err(SetupError::ReservedEvent("disconnect".to_owned()))
            );
            Ok::<_, SetupError>(())
        });
        ns.on("none of many", async |socket: Socket| socket.off_all("many") as u64);
        ns.fallback(async || "nobody");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let said = [
        (r#"["once"]"#, r#"["now"]"#),
        (r#"["once"]"#, r#"["nobody"]"#),
        (r#"["off"]"#, r#"["nobody"]"#),
        (r#"["many"]"#, r#"["1"]"#),
        (r#"["none of many"]"#, "[2]"),
        (r#"["many"]"#, r#"["nobody"]"#),
    ];
    for (event, answer) in said {
        ws.send(&format!("420{event}")).await;
        ws.expect(&format!("430{answer}")).await;
    }
}

/// Values captured by listeners are dropped with the socket, even if they include the socket.
#[tokio::test(start_paused = true)]
async fn listeners_are_dropped_with_their_socket() {
    let held = Arc::new(());
    let io = SocketIo::builder().state(Arc::clone(&held)).build();
    io.of("/", |ns| {
        ns.middleware(async |socket: Socket, State(held): State<Arc<()>>| {
            let (own, other) = (socket.clone(), Arc::clone(&held));
            socket.on("x", async move || drop((own, held))).expect("a name that is free");
            let own = socket.clone();
            socket.filter(move |_, _| {
                let _ = (&own, &other);
                socketio_tower::Verdict::Pass
            });
        });
        ns.on_disconnect(async |socket: Socket, State(held): State<Arc<()>>| {
            // Too late: this listener is dropped at once.
            let own = socket.clone();
            socket.on("x", async move || drop((own, held))).expect("a name that is free");
        });
    });
    io.of("/closed", |ns| {
        ns.middleware(async |socket: Socket, State(held): State<Arc<()>>| {
            let own = socket.clone();
            socket.on("x", async move || drop((own, held))).expect("a name that is free");
            Err("closed".into())
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    assert!(Arc::strong_count(&held) > 2);
    ws.send("40/closed,").await;
    ws.expect(r#"44/closed,{"message":"closed"}"#).await;
    ws.close().await;
    until("nothing is held", || Arc::strong_count(&held) == 2).await;
}

//! Unhandled failures: the hooks that receive them, and the client's reply.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserializer, Serialize, Serializer};
use serde_json::json;
use socketio_tower::ConnectError;
use socketio_tower::extract::Extension;
use socketio_tower::handler::Cause;
use socketio_tower::testing::{Disconnected, TestClient};
use socketio_tower::{Ack, Auth, Data, EmitStatus, Reply, Socket, SocketIo, Verdict};

use crate::client::{Log, Server, Ws};

#[tokio::test(start_paused = true)]
async fn the_hook_decides_what_the_client_hears() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|error| {
            let event = error.event().expect("it is about an event").to_owned();
            match error.cause() {
                Cause::Panicked => drop(error.socket().expect("a socket").emit("panicked", &event)),
                Cause::Denied(_) => {
                    let socket = error.socket().expect("a socket").clone();
                    error.answer("denied");
                    socket.disconnect();
                }
                cause => {
                    let said = json!({ "event": event, "error": cause.to_string() });
                    error.answer(&said);
                }
            }
        });
        ns.filter(|_, event| if event.name() == "secret" { Verdict::deny("secret") } else { Verdict::Pass });
        ns.on("fail", async || Err::<u8, _>("out of luck"));
        ns.on("late", async || {
            tokio::task::yield_now().await;
            Err::<u8, _>("out of luck")
        });
        ns.on("number", async |Data(n): Data<u8>| n);
        ns.on("panic", async || -> () { panic!("a handler's fault") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let failed = r#""error":"the handler failed: out of luck""#;
    ws.send(r#"420["fail"]"#).await;
    ws.expect(&format!(r#"430[{{{failed},"event":"fail"}}]"#)).await;
    ws.send(r#"421["late"]"#).await;
    ws.expect(&format!(r#"431[{{{failed},"event":"late"}}]"#)).await;
    // Without an ack there is nothing to reply to.
    ws.send(r#"42["fail"]"#).await;
    ws.send(r#"423["panic"]"#).await;
    ws.expect(r#"42["panicked","panic"]"#).await;
    ws.send(r#"424["nobody"]"#).await;
    ws.expect(r#"434[{"error":"no handler for the event","event":"nobody"}]"#).await;
    ws.send(r#"425["number",256]"#).await;
    assert!(ws.text().await.starts_with(r#"435[{"error":"an argument could not be extracted: argument 1: "#));
    ws.send(r#"426["secret"]"#).await;
    ws.expect(r#"436["denied"]"#).await;
    ws.expect("41").await;
}

/// A client waited forever for the ack of an event that failed if the handler had taken the `Ack`, and after every
/// panic.
#[tokio::test(start_paused = true)]
async fn an_ack_that_was_not_used_is_the_hooks() {
    struct NoValue;
    impl Serialize for NoValue {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("a value's fault")
        }
    }
    impl<'de> serde::Deserialize<'de> for NoValue {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("a value's fault")
        }
    }
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|error| error.answer("hook"));
        ns.on("ack first", async |_: Ack, _: Data<u8>| {});
        ns.on("ack last", async |_: Data<u8>, _: Ack| {});
        ns.on("fails", async |_: Ack| Err::<(), _>("out of luck"));
        ns.on("fails late", async |_ack: Ack| {
            tokio::task::yield_now().await;
            Err::<(), _>("out of luck")
        });
        ns.on("panics", async || -> () { panic!("a handler's fault") });
        ns.on("panics with it", async |_ack: Ack| -> () {
            tokio::task::yield_now().await;
            panic!("a handler's fault")
        });
        ns.on("panics in its argument", async |_: Data<NoValue>| {});
        ns.on("panics in its reply", async || Reply(NoValue));
        ns.on("has no reply", async || Reply(HashMap::from([((1, 2), 3)])));
        ns.on("is refused", async |ack: Ack| match ack.send(&HashMap::from([((1, 2), 3)])) {
            EmitStatus::Invalid(error) => Err(error),
            _ => Ok(()),
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    for event in [
        "ack first",
        "ack last",
        "fails",
        "fails late",
        "panics",
        "panics with it",
        "panics in its argument",
        "panics in its reply",
        "has no reply",
        "is refused",
    ] {
        assert_eq!(client.emit_with_ack::<_, String>(event, "no number").await.unwrap(), "hook", "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_answered_once_at_most() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|error| {
            assert!(!error.is_answerable());
            error.answer("hook");
        });
        ns.on("fails", async |ack: Ack| {
            ack.send("handler");
            Err::<(), _>("out of luck")
        });
        ns.on("panics", async |ack: Ack| -> () {
            ack.send("handler");
            panic!("a handler's fault")
        });
        // Another task owns the `Ack` and uses it later.
        ns.on("hands on", async |ack: Ack| {
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                ack.send("task");
            });
            Err::<(), _>("out of luck")
        });
        // A handler that takes the `Ack` and drops it has decided not to reply.
        ns.on("is silent", async |_: Ack| "never sent");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["is silent"]"#).await;
    ws.send(r#"421["fails"]"#).await;
    ws.expect(r#"431["handler"]"#).await;
    ws.send(r#"422["panics"]"#).await;
    ws.expect(r#"432["handler"]"#).await;
    ws.send(r#"423["hands on"]"#).await;
    ws.expect(r#"433["task"]"#).await;
    ws.send(r#"424["fails"]"#).await;
    ws.expect(r#"434["handler"]"#).await;
}

/// fault 34: errors that were not reported to any hook. gevent-socketio: a malformed packet must leave the server
/// alive.
#[tokio::test(start_paused = true)]
async fn the_server_is_told_of_what_no_namespace_is() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .on_error(move |error| {
            let socket = if error.socket().is_some() { "a socket" } else { "nobody" };
            let agent = error.handshake().parameter("agent").unwrap_or("?".into());
            sink.add(format!("{} by {socket} of {agent}: {}", error.namespace(), error.cause()));
        })
        .build();
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_error(move |error| sink.add(format!("own {}", error.cause())));
    });
    io.of("/other", |_| {});
    let server = Server::start(&io);
    let mut ws = Ws::handshake(&server.address, "/socket.io/?EIO=4&transport=websocket&agent=test").await;
    ws.greeted().await;
    ws.join("").await;
    ws.join("/other").await;
    ws.send("40/nowhere,").await;
    ws.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
    ws.send(r#"42["x"]"#).await;
    ws.send(r#"42/other,["x"]"#).await;
    ws.send("4nonsense").await;
    ws.closed().await;
    log.expect(&[
        "/nowhere by nobody of test: unknown namespace",
        "own no handler for the event",
        "/other by a socket of test: no handler for the event",
        " by nobody of test: protocol violation: unknown packet type",
    ])
    .await;
    Ws::connect(&server.address).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_a_bound_of_its_own_on_handlers() {
    let io = SocketIo::new();
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.concurrency(1);
        ns.on("slow", async move |_: Socket, Data(n): Data<u8>| {
            sink.add(format!("begin {n}"));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            sink.add(format!("end {n}"));
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["slow",1]"#).await;
    ws.send(r#"420["slow",2]"#).await;
    ws.expect("430[]").await;
    log.expect(&["begin 1", "end 1", "begin 2", "end 2"]).await;
}

/// If a middleware fails because of the application, the client gets no details; the error hook does.
#[tokio::test(start_paused = true)]
async fn middlewares_that_fail_are_told() {
    #[derive(Clone)]
    struct Provided;
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .on_error(move |error| {
            assert!(error.socket().is_none_or(|socket| !socket.is_connected()));
            sink.add(format!("{} {}", error.namespace(), error.cause()));
        })
        .build();
    io.of("/panic", |ns| {
        ns.middleware(async || -> Result<(), ConnectError> { panic!("a middleware's fault") });
    });
    io.of("/late", |ns| {
        ns.middleware(async || -> Result<(), ConnectError> {
            tokio::task::yield_now().await;
            panic!("a middleware's fault")
        });
    });
    io.of("/lacks", |ns| {
        ns.middleware(async |_: Extension<Provided>| {});
    });
    io.of("/asks", |ns| {
        ns.middleware(async |_: Auth<u8>| {});
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    for path in ["/panic", "/late", "/lacks"] {
        assert_eq!(client.namespace(path).connect().await.unwrap_err().message(), "internal error", "{path}");
    }
    let refused = client.namespace("/asks").auth(&json!({ "id": 7 })).connect().await.unwrap_err();
    assert!(refused.message().starts_with("invalid request: auth: invalid type: map"), "{refused}");
    let lines = log.lines();
    assert_eq!(lines[..2], ["/panic the handler panicked", "/late the handler panicked"]);
    assert!(
        lines[2].starts_with("/lacks an argument could not be extracted: no extension of type"),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("/asks an argument could not be extracted: auth: "), "{lines:?}");
}

/// Reached limits were not reported to any hook.
#[tokio::test(start_paused = true)]
async fn limits_that_are_reached_are_told() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .max_dynamic_namespaces(1)
        .max_parked(2, 1_000)
        .on_error(move |error| sink.add(format!("{} {}", error.namespace(), error.cause())))
        .build();
    io.of("/{room}", |_| {});
    io.of("/", |ns| {
        ns.on_connect(async || std::future::pending::<()>().await);
        ns.on("work", async || {});
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let _first = client.namespace("/1").connect().await.unwrap();
    assert_eq!(client.namespace("/2").connect().await.unwrap_err().message(), "Too many namespaces");
    let socket = client.namespace("/").connect().await.unwrap();
    for _ in 0..3 {
        socket.emit("work", "");
    }
    assert_eq!(socket.disconnected().await, Disconnected::ByServer);
    assert_eq!(log.lines(), ["/2 too many dynamic namespaces", "/ too many parked events"]);
}

//! What stands between an event and its handler: policies, filters, listeners for any event, the fallback.

use std::sync::Arc;

use serde_json::Value;
use socketio_tower::testing::TestClient;
use socketio_tower::{Args, Data, Event, EventPolicy, Socket, SocketIo, Verdict};

use crate::client::{Log, Server, Ws};

/// gevent-socketio: a denied event is never acked as a success; what is allowed later keeps what was allowed
/// before.
#[tokio::test]
async fn a_policy_is_asked_before_arguments_are_looked_at() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let told = Arc::clone(&log);
    io.of("/", |ns| {
        ns.policy(EventPolicy::only(["login", "reset"]));
        ns.on_error(move |error| told.add(format!("{} {}", error.event().unwrap_or("?"), error.cause())));
        ns.on("login", async |socket: Socket, Data(name): Data<String>| {
            match name.as_str() {
                "guest" => socket.policy().allow("read"),
                "banned" => socket.policy().lift().deny("write"),
                _ => socket.policy().lift(),
            };
            assert!(socket.policy().allows("login"));
        });
        ns.on("reset", async |socket: Socket| {
            socket.policy().reset();
        });
        ns.on("read", async |_: Data<u8>| "read");
        ns.on("write", async |_: Data<u8>| "written");
    });
    let server = Server::start(&io).await;
    let (mut ws, mut other) = (Ws::connect(server.address).await, Ws::connect(server.address).await);

    // "no number" would be an error of its own, had anybody looked at it.
    ws.send(r#"420["read","no number"]"#).await;
    ws.send(r#"421["login","guest"]"#).await;
    ws.expect("431[]").await;
    ws.send(r#"422["read",1]"#).await;
    ws.expect(r#"432["read"]"#).await;
    ws.send(r#"423["write",1]"#).await;
    // What was allowed before is still allowed.
    ws.send(r#"424["login","ada"]"#).await;
    ws.expect("434[]").await;
    ws.send(r#"425["write",1]"#).await;
    ws.expect(r#"435["written"]"#).await;
    ws.send(r#"426["login","banned"]"#).await;
    ws.expect("436[]").await;
    ws.send(r#"427["write",1]"#).await;
    ws.send(r#"428["reset"]"#).await;
    ws.expect("438[]").await;
    ws.send(r#"429["read",1]"#).await;
    ws.send(r#"4210["login","guest"]"#).await;
    ws.expect("4310[]").await;
    let denied = "the event is denied: not allowed by the socket's policy";
    log.expect(&[
        &format!("read {denied}"),
        &format!("write {denied}"),
        &format!("write {denied}"),
        &format!("read {denied}"),
    ])
    .await;

    // Another socket has a policy of its own.
    other.send(r#"420["read",1]"#).await;
    other.send(r#"421["login","guest"]"#).await;
    other.expect("431[]").await;
    assert_eq!(log.lines().len(), 5);
}

#[tokio::test]
async fn filters_decide_in_order() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let tell = |line: &'static str| {
        let log = Arc::clone(&log);
        move |_: &Socket, event: &Event| log.add(format!("{line} {}", event.name()))
    };
    let (first, second, handled, denied) =
        (tell("first"), tell("second"), Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.on_any(first);
        ns.filter(|_, event| match event.name() {
            "ignored" => Verdict::Ignore,
            "denied" => Verdict::deny("no such thing"),
            "panic" => panic!("a filter's fault"),
            _ => Verdict::Pass,
        });
        ns.on_any(second);
        ns.on_error(move |error| denied.add(error.cause().to_string()));
        ns.on_connect(async |socket: Socket| {
            socket.filter(|_, event| match event.args().json() == "13" {
                true => Verdict::deny("unlucky"),
                false => Verdict::Pass,
            });
        });
        for event in ["ignored", "denied", "panic", "passed"] {
            let handled = Arc::clone(&handled);
            ns.on(event, async move |event: Event| handled.add(format!("handled {}", event.name())));
        }
    });
    let server = Server::start(&io).await;
    let mut ws = Ws::connect(server.address).await;
    for event in [r#"["ignored"]"#, r#"["denied"]"#, r#"["panic"]"#, r#"["passed",13]"#] {
        ws.send(&format!("420{event}")).await;
    }
    ws.send(r#"421["passed"]"#).await;
    ws.expect("431[]").await;
    log.expect(&[
        "first ignored",
        "first denied",
        "the event is denied: no such thing",
        "first panic",
        "the handler panicked",
        "first passed",
        "second passed",
        "the event is denied: unlucky",
        "first passed",
        "second passed",
        "handled passed",
    ])
    .await;
}

#[tokio::test]
async fn the_fallback_has_what_nobody_else_has() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("known", async || "known");
        ns.fallback(async |event: Event, Args(args): Args<Vec<Value>>| {
            format!("{} {}", event.name(), args.len())
        });
    });
    let server = Server::start(&io).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send(r#"420["known"]"#).await;
    ws.expect(r#"430["known"]"#).await;
    ws.send(r#"421["unknown",1,2]"#).await;
    ws.expect(r#"431["unknown 2"]"#).await;
    // CVE-2024-38355: an event by the name of "error" is one like any other.
    ws.send(r#"422["error"]"#).await;
    ws.expect(r#"432["error 0"]"#).await;
}

#[tokio::test]
async fn what_is_sent_can_be_listened_to() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let (all, own) = (Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.on_any_outgoing(move |_, event| all.add(format!("{}({})", event.name(), event.args().json())));
        ns.on_connect(async move |socket: Socket| {
            let own = Arc::clone(&own);
            let listener = socket.on_any_outgoing(move |_, event| {
                own.add(format!("own {} {}", event.name(), event.args().attachments().len()));
            });
            socket.emit("one", &Args((1, "two")));
            socket.off(listener);
        });
        ns.on("go", async |socket: Socket| {
            drop(socket.emit_with_ack::<_, ()>("ask", "?"));
            socket.io().emit("all", &bytes::Bytes::from_static(b"12"));
            "the ack"
        });
    });
    let server = Server::start(&io).await;
    let mut ws = Ws::connect(server.address).await;
    ws.expect(r#"42["one",1,"two"]"#).await;
    ws.send(r#"420["go"]"#).await;
    ws.expect(r#"420["ask","?"]"#).await;
    log.expect(&[r#"one(1,"two")"#, "own one 0", r#"ask("?")"#, r#"all({"_placeholder":true,"num":0})"#])
        .await;
}

/// A listener that copies what is sent was told of its copies, until the stack was full.
#[tokio::test(start_paused = true)]
async fn what_listeners_send_is_not_told() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_any_outgoing(|socket, event| {
            socket.io().to("audit").emit("sent", event.name());
            assert_ne!(event.name(), "fail", "a listener's fault");
        });
        // Called while listeners are told, and sends too.
        ns.on_error(|error| drop(error.socket().expect("a socket").emit("failed", "")));
        ns.on("audit", async |socket: Socket| _ = socket.join("audit"));
    });
    let auditor = TestClient::connect(&io).await.unwrap();
    auditor.emit_with_ack::<_, ()>("audit", "").await.unwrap();
    let client = TestClient::connect(&io).await.unwrap();
    io.to(client.id().as_str()).emit("fail", "");
    client.expect_event("failed").await;
    client.expect_event("fail").await;
    assert_eq!(auditor.expect::<String>("sent").await, "fail");
    auditor.expect_nothing().await;
}

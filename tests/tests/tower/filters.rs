//! Between an event and its handler: policies, filters, listeners for any event, the fallback.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socketio_tower::extract::State;
use socketio_tower::testing::{Disconnected, TestClient, settled};
use socketio_tower::{Ack, Args, Data, Event, EventPolicy, Socket, SocketIo, Verdict};
use tokio::sync::Notify;

use crate::client::{Log, Server, Ws};

/// gevent-socketio: a denied event was acked as a success. Allowing more events later keeps those allowed before.
#[tokio::test(start_paused = true)]
async fn a_policy_is_asked_before_arguments_are_looked_at() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.policy(EventPolicy::only(["login", "reset"]));
        ns.on_error(move |error| sink.add(format!("{} {}", error.event().unwrap_or("?"), error.cause())));
        ns.on("login", async |socket: Socket, Data(name): Data<String>| {
            match name.as_str() {
                "guest" => socket.policy().allow("read"),
                "banned" => socket.policy().allow_all().deny("write"),
                _ => socket.policy().allow_all(),
            };
            assert!(socket.policy().allows("login"));
        });
        ns.on("reset", async |socket: Socket| {
            socket.policy().reset();
        });
        ns.on("read", async |_: Data<u8>| "read");
        ns.on("write", async |_: Data<u8>| "written");
    });
    let server = Server::start(&io);
    let (mut ws, mut other) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);

    // "no number" would be an error of its own if the arguments were deserialized.
    ws.send(r#"420["read","no number"]"#).await;
    ws.send(r#"421["login","guest"]"#).await;
    ws.expect("431[]").await;
    ws.send(r#"422["read",1]"#).await;
    ws.expect(r#"432["read"]"#).await;
    ws.send(r#"423["write",1]"#).await;
    // Events allowed before are still allowed.
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

    // Another socket has its own policy.
    other.send(r#"420["read",1]"#).await;
    other.send(r#"421["login","guest"]"#).await;
    other.expect("431[]").await;
    assert_eq!(log.lines().len(), 5);
}

#[tokio::test(start_paused = true)]
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
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
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

#[tokio::test(start_paused = true)]
async fn the_fallback_has_what_nobody_else_has() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("known", async || "known");
        ns.fallback(async |event: Event, Args(args): Args<Vec<Value>>| {
            format!("{} {}", event.name(), args.len())
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["known"]"#).await;
    ws.expect(r#"430["known"]"#).await;
    ws.send(r#"421["unknown",1,2]"#).await;
    ws.expect(r#"431["unknown 2"]"#).await;
    // CVE-2024-38355: an event named "error" is like any other.
    ws.send(r#"422["error"]"#).await;
    ws.expect(r#"432["error 0"]"#).await;
}

#[tokio::test(start_paused = true)]
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
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.expect(r#"42["one",1,"two"]"#).await;
    ws.send(r#"420["go"]"#).await;
    ws.expect(r#"420["ask","?"]"#).await;
    log.expect(&[r#"one(1,"two")"#, "own one 0", r#"ask("?")"#, r#"all({"_placeholder":true,"num":0})"#])
        .await;
}

/// Fault: a listener that copies outgoing events was called for its copies, until the stack overflowed.
#[tokio::test(start_paused = true)]
async fn what_listeners_send_is_not_told() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_any_outgoing(|socket, event| {
            socket.io().to("audit").emit("sent", event.name());
            assert_ne!(event.name(), "fail", "a listener's fault");
        });
        // The hook is called while listeners run, and emits too.
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

/// An event whose filter decides late must not be overtaken by one whose filter decides at once.
#[tokio::test(start_paused = true)]
async fn async_filters_keep_the_order() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let (first, second, handled) = (Arc::clone(&log), Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.on_any(move |_, event| first.add(format!("first {}", event.args().json())));
        ns.filter_async(async |Data(milliseconds): Data<u64>| {
            if milliseconds > 0 {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            Verdict::Pass
        });
        ns.on_any(move |_, event| second.add(format!("second {}", event.args().json())));
        ns.on("work", async move |Data(milliseconds): Data<u64>| {
            handled.add(format!("handled {milliseconds}"));
            milliseconds
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    for milliseconds in [30, 0, 10] {
        client.emit("work", &milliseconds);
    }
    assert_eq!(client.emit_with_ack::<_, u64>("work", &0).await.unwrap(), 0);
    let lines = [30, 0, 10, 0].map(|n| [format!("first {n}"), format!("second {n}"), format!("handled {n}")]);
    assert_eq!(log.lines(), lines.concat());
}

#[tokio::test(start_paused = true)]
async fn what_an_async_filter_does_not_pass_is_told_and_may_be_answered() {
    let io = SocketIo::builder().state(7u8).build();
    io.of("/", |ns| {
        ns.on_error(|error| {
            let why = error.cause().to_string();
            error.answer(&why);
        });
        ns.filter_async(async |socket: Socket, State(seven): State<u8>, event: Event| {
            assert_eq!((seven, socket.namespace()), (7, "/"));
            tokio::task::yield_now().await;
            match event.name() {
                "ignored" => Ok(Verdict::Ignore),
                "denied" => Ok(Verdict::deny("too fast")),
                "failed" => Err("the store is gone"),
                "panicked" => panic!("a filter's fault"),
                _ => Ok(Verdict::Pass),
            }
        });
        ns.filter_async(async |Data(_): Data<u8>| Verdict::Pass);
        for event in ["ignored", "denied", "failed", "panicked", "passed"] {
            ns.on(event, async || "handled");
        }
    });
    let client = TestClient::connect(&io).await.unwrap();
    let answer = async |event: &str, value: u16| {
        client.emit_with_ack::<_, String>(event, &value).await.unwrap_or_else(|error| error.to_string())
    };
    assert_eq!(answer("denied", 1).await, "the event is denied: too fast");
    assert_eq!(answer("failed", 1).await, "the handler failed: the store is gone");
    assert_eq!(answer("panicked", 1).await, "the handler panicked");
    assert!(answer("passed", 256).await.starts_with("an argument could not be extracted: argument 1"));
    assert_eq!(answer("unknown", 1).await, "no handler for the event");
    assert_eq!(answer("passed", 1).await, "handled");
    assert_eq!(answer("ignored", 1).await, "the client did not acknowledge the event in time");
}

/// Events that wait for a filter are bounded, and are handled before their socket's disconnect handler.
#[tokio::test(start_paused = true)]
async fn events_that_wait_for_a_filter_are_bounded_and_counted() {
    let (log, gate) = (Arc::new(Log::default()), Arc::new(Notify::new()));
    let (sink, open) = (Arc::clone(&log), Arc::clone(&gate));
    let io = SocketIo::builder()
        .max_parked(2, 1_000)
        .on_error(move |error| sink.add(error.cause().to_string()))
        .build();
    let (handled, left) = (Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.concurrency(1);
        ns.filter_async(async move || {
            open.notified().await;
            Verdict::Pass
        });
        ns.on("work", async move |Data(n): Data<u8>| {
            handled.add(format!("begin {n}"));
            tokio::time::sleep(Duration::from_millis(5)).await;
            handled.add(format!("end {n}"));
        });
        ns.on_disconnect(async move || left.add("left".to_owned()));
    });
    let client = TestClient::connect(&io).await.unwrap();
    client.emit("work", &1);
    client.emit("work", &2);
    settled().await;
    gate.notify_one();
    settled().await;
    gate.notify_one();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(log.lines(), ["begin 1", "end 1", "begin 2", "end 2"]);

    // An event whose filter is pending when the client leaves is still handled; its disconnect handler runs afterwards.
    client.emit("work", &3);
    settled().await;
    client.disconnect();
    settled().await;
    gate.notify_one();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(log.lines()[4..], ["begin 3", "end 3", "left"]);

    let client = TestClient::connect(&io).await.unwrap();
    for n in 4..8 {
        client.emit("work", &n);
    }
    assert_eq!(client.disconnected().await, Disconnected::ByServer);
    assert_eq!(log.lines()[7..], ["too many parked events"]);
}

#[tokio::test(start_paused = true)]
async fn one_socket_may_have_an_async_filter() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|error| error.answer("denied"));
        ns.on("guard", async |socket: Socket| {
            let guard = async |event: Event| {
                tokio::task::yield_now().await;
                if event.name() == "work" { Verdict::deny("not now") } else { Verdict::Pass }
            };
            let guard = socket.filter_async(guard)?;
            socket.once("open", async move |socket: Socket| _ = socket.off(guard)).map(drop)
        });
        ns.on("work", async || "worked");
        // A filter cannot take the `Ack`.
        ns.on("misguard", async |socket: Socket| {
            socket.filter_async(async |_: Ack| Verdict::Pass).unwrap_err().to_string()
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    let work = async || client.emit_with_ack::<_, String>("work", "").await.unwrap();
    assert_eq!(work().await, "worked");
    client.emit_with_ack::<_, ()>("guard", "").await.unwrap();
    assert_eq!(work().await, "denied");
    client.emit_with_ack::<_, ()>("open", "").await.unwrap();
    assert_eq!(work().await, "worked");
    let mistake: String = client.emit_with_ack("misguard", "").await.unwrap();
    assert_eq!(
        mistake,
        "`/` has a `filter_async(…)` with invalid arguments: a filter cannot send the ack; \
         deny the event, and answer in the error hook"
    );
}

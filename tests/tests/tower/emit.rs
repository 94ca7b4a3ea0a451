//! Emitting to clients, from any thread, with and without an ack.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use socketio_tower::{AckError, Args, EmitStatus, Overflow, Reply, Socket, SocketIo};

use crate::client::{Log, Poller, Server, Ws, soon, until};

/// Returns the only socket of `/`.
fn only(io: &SocketIo) -> Socket {
    let sockets = io.namespace("/").map(|ns| ns.all().sockets()).unwrap_or_default();
    let [socket] = &sockets[..] else { panic!("one socket") };
    socket.clone()
}

async fn connected(io: &SocketIo) -> (Server, Ws, Socket) {
    let server = Server::start(io);
    let ws = Ws::connect(&server.address).await;
    let socket = only(io);
    (server, ws, socket)
}

/// On the wall clock: the thread wakes an idle runtime.
#[tokio::test]
async fn threads_without_a_runtime_may_emit() {
    let io = SocketIo::new();
    let (_server, mut ws, socket) = connected(&io).await;
    let speaker = socket.clone();
    let speaking = std::thread::spawn(move || {
        assert!(speaker.emit("a", &1).is_queued());
        assert!(speaker.io().emit("b", &2).is_queued());
        let id = speaker.id();
        speaker.io().to(id.as_str()).emit("c", &3);
        assert!(speaker.join("room"));
        speaker.io().namespace("/").expect("it exists").to("room").emit("d", &4);
        // The event is sent although the ack's future is never polled.
        drop(speaker.emit_with_ack::<_, ()>("e", &5));
        speaker.disconnect();
    });
    for packet in [r#"42["a",1]"#, r#"42["b",2]"#, r#"42["c",3]"#, r#"42["d",4]"#, r#"420["e",5]"#, "41"] {
        ws.expect(packet).await;
    }
    speaking.join().expect("no panic");
    until("it is gone", || !socket.is_connected()).await;
    assert!(matches!(socket.emit("late", ""), EmitStatus::Gone));
}

#[tokio::test(start_paused = true)]
async fn answers_come_typed() {
    let io = SocketIo::new();
    let (_server, mut ws, socket) = connected(&io).await;
    let number = socket.emit_with_ack::<_, u8>("n", "");
    let pair = socket.emit_with_ack::<_, Args<(String, bool)>>("pair", "");
    let wrong = socket.emit_with_ack::<_, u8>("wrong", "");
    ws.expect(r#"420["n",""]"#).await;
    ws.expect(r#"421["pair",""]"#).await;
    ws.expect(r#"422["wrong",""]"#).await;
    ws.send(r#"432["text"]"#).await;
    ws.send(r#"431["yes",true]"#).await;
    ws.send("430[255]").await;
    ws.send("430[1]").await;
    assert_eq!(soon(number).await.expect("an answer"), 255);
    assert_eq!(soon(pair).await.expect("an answer"), Args(("yes".to_owned(), true)));
    assert!(matches!(soon(wrong).await, Err(AckError::Unexpected(_))));
    assert!(socket.is_connected(), "an answer that nobody request is ignored");
}

#[tokio::test(start_paused = true)]
async fn answers_that_do_not_come() {
    let io = SocketIo::builder().ack_timeout(Duration::from_millis(20)).build();
    let (_server, mut ws, socket) = connected(&io).await;
    assert!(matches!(soon(socket.emit_with_ack::<_, ()>("x", "")).await, Err(AckError::TimedOut)));
    let patient = socket.timeout(Duration::MAX).emit_with_ack::<_, ()>("y", "");
    let hasty = socket.timeout(Duration::ZERO).emit_with_ack::<_, ()>("z", "");
    assert!(matches!(soon(hasty).await, Err(AckError::TimedOut)));
    ws.send("41").await;
    assert!(matches!(soon(patient).await, Err(AckError::Disconnected)));
    let late = socket.emit_with_ack::<_, ()>("late", "");
    assert!(matches!(soon(late).await, Err(AckError::Disconnected)));
}

/// Fault: pending acks waited for their timeout although the socket was gone.
#[tokio::test(start_paused = true)]
async fn answers_fail_with_the_connection() {
    let io = SocketIo::builder().ack_timeout(Duration::from_secs(3600)).build();
    let (_server, ws, socket) = connected(&io).await;
    let answers: Vec<_> = (0..10).map(|n| socket.emit_with_ack::<_, ()>("x", &n)).collect();
    drop(ws);
    for answer in answers {
        assert!(matches!(soon(answer).await, Err(AckError::Disconnected)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_handlers_return_is_the_ack() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("unit", async || {});
        ns.on("args", async |Args((a, b)): Args<(i64, i64)>| Args((a + b, a * b)));
        ns.on("list", async || Reply(vec![1, 2]));
        ns.on("ok", async || Ok::<_, String>("fine"));
        ns.on("err", async || Err::<&str, _>("refused"));
        ns.on("emit", async |socket: Socket| socket.emit("emitted", ""));
        ns.on("panic", async || -> () { panic!("a handler's fault") });
        ns.on("last", async || "last");
        ns.on_error(move |error| sink.add(error.cause().to_string()));
    });
    let (_server, mut ws, _) = connected(&io).await;
    for event in [
        r#"420["unit"]"#,
        r#"421["args",3,4]"#,
        r#"422["list"]"#,
        r#"423["ok"]"#,
        r#"424["err"]"#,
        r#"425["args","three",4]"#,
        r#"426["args",3]"#,
        r#"427["nobody"]"#,
        r#"428["emit"]"#,
        r#"429["panic"]"#,
        r#"4210["last"]"#,
    ] {
        ws.send(event).await;
    }
    for packet in [
        "430[]",
        "431[7,12]",
        "432[[1,2]]",
        r#"433["fine"]"#,
        r#"42["emitted",""]"#,
        "438[]",
        r#"4310["last"]"#,
    ] {
        ws.expect(packet).await;
    }
    let errors = log.lines();
    assert_eq!(errors.len(), 5);
    assert_eq!(errors[0], "the handler failed: refused");
    assert!(errors[1].starts_with("an argument could not be extracted: "), "{errors:?}");
    assert!(errors[2].starts_with("an argument could not be extracted: "), "{errors:?}");
    assert_eq!(errors[3], "no handler for the event");
    assert_eq!(errors[4], "the handler panicked");
}

/// A value that does not serialize, or panics half-way.
enum Broken {
    Refuses,
    Panics,
}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeSeq};
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element("half of it")?;
        match self {
            Self::Refuses => Err(S::Error::custom("refused")),
            Self::Panics => panic!("a value's fault"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_sent_spoils_nothing() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("broken", async || Reply(Broken::Panics));
        ns.on("refused", async || Reply(Broken::Refuses));
    });
    let (_server, mut ws, socket) = connected(&io).await;
    assert!(matches!(socket.emit("x", &Broken::Refuses), EmitStatus::Invalid(_)));
    assert!(matches!(io.emit("x", &Broken::Refuses), EmitStatus::Invalid(_)));
    assert!(matches!(
        soon(socket.emit_with_ack::<_, ()>("x", &Broken::Refuses)).await,
        Err(AckError::Invalid(_))
    ));
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| socket.emit("x", &Broken::Panics)));
    assert!(panicked.is_err());
    ws.send(r#"420["broken"]"#).await;
    ws.send(r#"421["refused"]"#).await;
    ws.send(r#"42["nothing"]"#).await;
    socket.emit("whole", &[1, 2]);
    ws.expect(r#"42["whole",[1,2]]"#).await;
    assert!(matches!(socket.emit("disconnect", ""), EmitStatus::Invalid(_)), "a name of the protocol");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_says_so() {
    let io = SocketIo::builder().max_queued_bytes(1000).overflow(Overflow::Discard).build();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let socket = only(&io);
    let text = "x".repeat(600);
    assert!(socket.emit("large", &"x".repeat(5000)).is_queued(), "one may be larger");
    assert!(matches!(socket.emit("large", &"x".repeat(5000)), EmitStatus::Full), "and no other");
    assert!(socket.emit("next", &text).is_queued(), "the bound is for what waits beside it");
    assert!(matches!(socket.emit("next", &text), EmitStatus::Full));
    assert!(matches!(soon(socket.emit_with_ack::<_, ()>("next", &text)).await, Err(AckError::Full)));
    until("the task has counted", || socket.queued_bytes() > 5000).await;
    assert!(matches!(socket.emit("next", &text), EmitStatus::Full));
    let drained = tokio::spawn({
        let socket = socket.clone();
        async move { socket.drained().await }
    });
    assert!(poller.get().await.len() > 5000);
    soon(drained).await.expect("it ends");
    assert_eq!(socket.queued_bytes(), 0);
    assert!(socket.emit("next", &text).is_queued());
    assert!(poller.get().await.starts_with(r#"42["next","#));
    // Nothing waits for a client that has gone.
    assert!(socket.emit("never read", "").is_queued());
    poller.post("1").await;
    soon(socket.drained()).await;
}

/// Fault: a message larger than the bound was delivered, and the next ack closed the connection.
#[tokio::test(start_paused = true)]
async fn an_ack_follows_a_message_that_is_larger_than_the_bound() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("go", async |socket: Socket| {
            assert!(socket.emit("before", "").is_queued());
            assert!(socket.emit("large", &"x".repeat(9_000_000)).is_queued());
            "done"
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let mut poller = Poller::connect(&server.address).await;
    for _ in 0..2 {
        ws.send(r#"420["go"]"#).await;
        ws.expect(r#"42["before",""]"#).await;
        assert_eq!(ws.text().await.len(), r#"42["large",""]"#.len() + 9_000_000);
        ws.expect(r#"430["done"]"#).await;
        poller.post(r#"420["go"]"#).await;
        let packets = poller.get().await;
        assert!(packets.len() > 9_000_000 && packets.ends_with(r#"430["done"]"#));
    }
}

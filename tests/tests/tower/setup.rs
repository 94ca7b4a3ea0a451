//! Mistakes in the setup of a server are reported by `layer()`.

use socketio_tower::extract::ExtractError;
use socketio_tower::extract::State;
use socketio_tower::testing::TestClient;
use socketio_tower::{
    Ack, Args, Data, Event, EventPolicy, NamespaceBuilder, SetupError, Socket, SocketIo, namespace,
};

fn mistakes(io: &SocketIo) -> Vec<String> {
    io.try_layer().map_or_else(|errors| errors.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn reserved_events_have_no_handlers() {
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        let io = SocketIo::new();
        io.of("/", |ns| {
            ns.on(name, async || {});
        });
        let errors: Vec<_> = io.try_layer().map(drop).unwrap_err().into_iter().collect();
        assert_eq!(errors, [SetupError::ReservedEvent(name.to_owned())]);
    }
}

/// One handler would silently replace the other.
#[test]
fn two_handlers_where_one_can_answer() {
    let io = SocketIo::new();
    let twice = |ns: &mut NamespaceBuilder| {
        ns.middleware(async || {});
        ns.on_any(|_, _| {});
        ns.concurrency(2);
        ns.policy(EventPolicy::all());
        ns.on("say \"hi\"", async || {});
        ns.fallback(async || {});
        ns.on_error(|_| {});
        ns.on_connect(async || {});
        ns.on_disconnect(async || {});
    };
    io.of("/chat", twice);
    io.of("/chat", twice);
    assert_eq!(
        mistakes(&io),
        [
            r#"on("say \"hi\"", …)"#,
            "fallback(…)",
            "on_connect(…)",
            "on_disconnect(…)",
            "policy(…)",
            "on_error(…)",
            "concurrency(…)"
        ]
        .map(|method| format!("`/chat` has `{method}` twice"))
    );
}

/// A definition runs without a lock: it may wait for another thread's definition, and define its own namespace again.
#[tokio::test(start_paused = true)]
async fn a_definition_may_wait_for_another() {
    let io = SocketIo::new();
    io.of("/chat", |ns| {
        let other = io.clone();
        let defined = std::thread::spawn(move || {
            other.of("/chat", |ns| ns.on("theirs", async || "theirs"));
        });
        defined.join().unwrap();
        io.of("/chat", |ns| ns.on("inside", async || "inside"));
        ns.on("ours", async || "ours");
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let socket = client.namespace("/chat").connect().await.unwrap();
    for (event, answer) in [("theirs", "theirs"), ("inside", "inside"), ("ours", "ours")] {
        assert_eq!(socket.emit_with_ack::<_, String>(event, "").await.unwrap(), answer);
    }
}

/// Both would have extracted the first argument, and one of two `Ack`s could never be used.
#[tokio::test(start_paused = true)]
async fn arguments_that_cannot_stand_together() {
    struct Chat;
    #[namespace]
    impl Chat {
        async fn whisper(&self, Data(_to): Data<String>, Data(_text): Data<String>) {}

        #[fallback]
        async fn other(&self, _one: Ack, _two: Ack) {}
    }
    let io = SocketIo::new();
    io.of("/chat", |ns| {
        ns.on("two", async |_: Data<String>, _: Data<String>| {});
        ns.on("mixed", async |_: Data<String>, _: Socket, _: Args<(u8, u8)>| {});
        ns.on("tried", async |_: Result<Data<String>, ExtractError>, _: Data<u8>| {});
        ns.on("acks", async |_: Ack, _: Data<u8>, _: Ack| {});
        ns.handlers(Chat);
        // Extractors that read no arguments, or all of them, can be combined with any other.
        ns.on("fine", async |_: Event, _: Args<(u8, u8)>, _: Ack, _: Socket, _: Socket| {});
    });
    let reads = "it reads the event's arguments twice, each time from the first; \
                 for several, write `Args((a, b)): Args<(A, B)>`";
    let acks = "it takes `Ack` twice, but an event is acknowledged once; pass the first one on";
    let expected = [
        (r#"on("two", …)"#, reads),
        (r#"on("mixed", …)"#, reads),
        (r#"on("tried", …)"#, reads),
        (r#"on("acks", …)"#, acks),
        (r#"on("whisper", …)"#, reads),
        ("fallback(…)", acks),
    ];
    assert_eq!(
        mistakes(&io),
        expected.map(|(method, why)| format!("`/chat` has a `{method}` with invalid arguments: {why}"))
    );

    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("listen", async |socket: Socket| {
            socket.on("two", async |_: Data<u8>, _: Data<u8>| {}).unwrap_err().to_string()
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    let error: String = client.emit_with_ack("listen", "").await.unwrap();
    assert_eq!(error, format!(r#"`/` has a `on("two", …)` with invalid arguments: {reads}"#));
}

#[test]
fn other_events_may_have_any_name() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        for name in ["", "1", "a\"b\\c\n", "Connect", "é€😀"] {
            ns.on(name, async || {});
        }
    });
    assert_eq!(mistakes(&io), [""; 0]);
}

#[test]
fn paths_that_are_none() {
    let io = SocketIo::new();
    for path in ["/a,b", "/a\nb"] {
        io.of(path, |_| panic!("never looked at"));
        assert!(io.namespace(path).is_none());
    }
    assert_eq!(
        mistakes(&io),
        [
            "`/a,b` is not a valid namespace: namespace path contains a comma at byte 2",
            "`/a\nb` is not a valid namespace: namespace path contains the control character '\\n' at byte 2",
        ]
    );
    assert!(io.namespace("/nobody defined it").is_none());
}

#[test]
fn states_that_are_missing() {
    let io = SocketIo::builder().state(7u8).build();
    io.of("/chat", |ns| {
        ns.on_connect(async |_: State<u8>| {});
        ns.on("x", async |_: State<u16>| {});
        ns.on_disconnect(async |_: State<u16>, _: State<u32>| {});
        ns.middleware(async |_: State<u64>| {});
    });
    let mut mistakes = mistakes(&io);
    mistakes.sort();
    assert_eq!(
        mistakes,
        ["u16", "u32", "u64"].map(|state| format!(
            "a handler of `/chat` takes State<{state}>, which was not added with SocketIoBuilder::state"
        ))
    );
}

#[test]
#[should_panic(expected = "`disconnect` is an event of the protocol; it cannot have a handler; ")]
fn layer_names_all_mistakes() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("disconnect", async || {});
        ns.on("connect", async || {});
    });
    let _layer = io.layer();
}

/// Fault: a closure of a single call did not compile, because the methods returned a value.
#[test]
fn a_definition_may_be_one_call() {
    let io = SocketIo::new();
    io.of("/a", |ns| ns.on("x", async || {}));
    io.of("/b", |ns| ns.fallback(async |event: Event| event.args().clone()));
    assert_eq!(mistakes(&io), [""; 0]);
}

/// Clients see a namespace only when it is complete; a later definition adds to it.
#[test]
fn definitions_add_up() {
    let io = SocketIo::builder().state(1u8).build();
    io.of("/", |ns| {
        ns.on("a", async || {});
    });
    io.of("", |ns| {
        ns.on("b", async |_: State<u8>| {});
    });
    io.of("chat", |_| {});
    assert_eq!(mistakes(&io), [""; 0]);
    assert!(io.namespace("/chat").is_some() && io.namespace("chat").is_some());
}

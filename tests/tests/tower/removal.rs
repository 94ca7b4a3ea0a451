//! Namespaces that are removed while the server runs.

use std::sync::Arc;

use socketio_tower::testing::{Disconnected, TestClient, settled};
use socketio_tower::{DisconnectReason, RemoveError, SocketIo};
use tokio::sync::Notify;

use crate::client::{Log, Server, Ws};

#[tokio::test(start_paused = true)]
async fn its_sockets_are_disconnected_and_nobody_comes_any_more() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/chat", |ns| {
        ns.on("name", async || "the first");
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.to_string()));
    });
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.join("/chat").await;
    let handle = io.namespace("/chat").unwrap();
    assert_eq!(io.remove("chat"), Ok(()));
    ws.expect("41/chat,").await;
    log.expect(&["server namespace disconnect"]).await;
    // The connection and its other namespaces are not affected.
    ws.send(r#"420["ping"]"#).await;
    ws.expect(r#"430["pong"]"#).await;
    ws.send("40/chat,").await;
    ws.expect(r#"44/chat,{"message":"Invalid namespace"}"#).await;
    assert!(io.namespace("/chat").is_none());
    assert_eq!(handle.all().count(), 0);

    io.of("/chat", |ns| {
        ns.on("name", async || "the second");
    });
    ws.join("/chat").await;
    ws.send(r#"42/chat,1["name"]"#).await;
    ws.expect(r#"43/chat,1["the second"]"#).await;
    // Nothing of the first definition is left.
    assert_eq!((handle.all().count(), io.namespace("/chat").unwrap().all().count()), (0, 1));
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pattern_goes_with_all_that_lives_by_it() {
    let io = SocketIo::new();
    let define = |answer: &'static str| {
        io.of("/orders/{id}", move |ns| {
            ns.on("name", async move || answer);
            // The old sockets still hold their namespace when the next definition is added.
            ns.on_disconnect(async || tokio::time::sleep(std::time::Duration::from_secs(1)).await);
        });
    };
    define("the first");
    io.of("/orders/all", |_| {});
    let client = TestClient::builder().open(&io).await.unwrap();
    let (one, two) = (
        client.namespace("/orders/1").connect().await.unwrap(),
        client.namespace("/orders/2").connect().await.unwrap(),
    );
    let all = client.namespace("/orders/all").connect().await.unwrap();
    let handle = io.namespace("/orders/1").unwrap();
    assert_eq!(io.remove("/orders/{id}"), Ok(()));
    assert_eq!(
        (one.disconnected().await, two.disconnected().await),
        (Disconnected::ByServer, Disconnected::ByServer)
    );
    assert!(io.namespace("/orders/1").is_none());
    assert_eq!(io.namespaces().len(), 2, "`/` and `/orders/all`");
    let refused = client.namespace("/orders/1").connect().await.unwrap_err();
    assert_eq!(refused.message(), "Invalid namespace");
    all.expect_nothing().await;

    define("the second");
    let one = client.namespace("/orders/1").connect().await.unwrap();
    assert_eq!(one.emit_with_ack::<_, String>("name", "").await.unwrap(), "the second");
    assert_eq!((handle.all().count(), io.namespace("/orders/1").unwrap().all().count()), (0, 1));
}

/// A client in a middleware must not become a member of a namespace that has been removed.
#[tokio::test(start_paused = true)]
async fn a_client_in_a_middleware_is_refused() {
    let (io, gate) = (SocketIo::new(), Arc::new(Notify::new()));
    for path in ["/slow", "/slow/{id}"] {
        let gate = Arc::clone(&gate);
        io.of(path, |ns| {
            ns.middleware(async move || gate.notified().await);
            ns.on_connect(async || -> () { panic!("nobody is connected") });
        });
    }
    let client = TestClient::builder().open(&io).await.unwrap();
    for (path, name) in [("/slow", "/slow"), ("/slow/{id}", "/slow/1")] {
        let (connected, ()) = tokio::join!(client.namespace(name).connect(), async {
            settled().await;
            assert_eq!(io.remove(path), Ok(()));
            gate.notify_one();
        });
        assert_eq!(connected.unwrap_err().message(), "Invalid namespace");
    }
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    let io = SocketIo::new();
    io.of("/orders/{id}", |_| {});
    for path in ["/", ""] {
        assert_eq!(io.remove(path), Err(RemoveError::Root));
    }
    for path in ["/chat", "/orders/7", "/orders/{other}", "/a,b"] {
        assert_eq!(io.remove(path), Err(RemoveError::Unknown(path.to_owned())));
    }
    assert_eq!(io.remove("/orders/{id}"), Ok(()));
    assert_eq!(
        io.remove("/orders/{id}").unwrap_err().to_string(),
        "the namespace `/orders/{id}` is not defined"
    );
}

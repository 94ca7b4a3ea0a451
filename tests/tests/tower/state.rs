//! Values that handlers can extract, and their lifetimes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;
use socketio_tower::extract::ExtractError;
use socketio_tower::extract::{Query, State};
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{Client, Data, ForwardedHeader, Socket, SocketIo};

#[tokio::test(start_paused = true)]
async fn a_client_knows_its_sockets() {
    let io = SocketIo::new();
    io.of("/chat", |_| {});
    io.of("/", |ns| {
        ns.on("sockets", async |client: Client| {
            let sockets = client.sockets().await;
            sockets.iter().map(|socket| socket.namespace().to_owned()).collect::<Vec<_>>().join(" ")
        });
        // Emits to another namespace of the same client.
        ns.on("tell", async |client: Client, Data(text): Data<String>| {
            let sockets = client.sockets().await;
            let chat = sockets.iter().find(|socket| socket.namespace() == "/chat");
            chat.map(|chat| chat.emit("told", &text).is_queued())
        });
        ns.on("quit", async |client: Client| client.disconnect());
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let root = client.namespace("/").connect().await.unwrap();
    let chat = client.namespace("/chat").connect().await.unwrap();
    assert_eq!(root.emit_with_ack::<_, String>("sockets", "").await.unwrap(), "/ /chat");
    assert_eq!(root.emit_with_ack::<_, Option<bool>>("tell", "hello").await.unwrap(), Some(true));
    assert_eq!(chat.expect::<String>("told").await, "hello");
    let handle = io.namespace("/chat").unwrap().all().sockets().pop().unwrap();
    assert!(handle.client() == io.namespace("/").unwrap().all().sockets().pop().unwrap().client());
    chat.disconnect();
    assert_eq!(root.emit_with_ack::<_, String>("sockets", "").await.unwrap(), "/");
    root.emit("quit", "");
    root.disconnected().await;
    client.closed().await;
    assert!(handle.client().sockets().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_query_is_typed() {
    #[derive(Deserialize)]
    struct Wanted {
        name: String,
        age: u8,
    }

    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async |_: Query<Wanted>| {});
        ns.on("who", async |Query(Wanted { name, age }): Query<Wanted>| format!("{name} {age}"));
        ns.on("all", async |Query(all): Query<BTreeMap<String, String>>| all.contains_key("EIO"));
    });
    let client = TestClient::builder().query("name=Ada+L%C3%B6w&age=36").connect(&io).await.unwrap();
    assert_eq!(client.emit_with_ack::<_, String>("who", "").await.unwrap(), "Ada Löw 36");
    assert!(client.emit_with_ack::<_, bool>("all", "").await.unwrap());
    let refused = TestClient::builder().query("name=ada").connect(&io).await.unwrap_err();
    assert_eq!(refused.message(), "invalid request: query: missing field `age`");
}

#[tokio::test(start_paused = true)]
async fn the_address_is_the_clients() {
    let io = SocketIo::builder()
        .peer_address(|request| request.extensions.get::<IpAddr>().copied())
        .is_secure(|request| request.extensions.get::<IpAddr>().is_some_and(IpAddr::is_loopback))
        .trusted_proxies(1, ForwardedHeader::XForwarded)
        .build();
    io.of("/", |ns| {
        ns.on("who", async |socket: Socket| {
            let handshake = socket.handshake();
            format!("{:?} {}", handshake.address(), handshake.is_secure())
        });
    });
    let direct: IpAddr = [127, 0, 0, 1].into();
    let ask = async |builder: socketio_tower::testing::TestClientBuilder| {
        let client = builder.connect(&io).await.unwrap();
        client.emit_with_ack::<_, String>("who", "").await.unwrap()
    };
    assert_eq!(ask(TestClient::builder()).await, "None false");
    assert_eq!(ask(TestClient::builder().extension(direct)).await, "Some(127.0.0.1) true");
    let behind = TestClient::builder()
        .extension(direct)
        .header("x-forwarded-for", "6.6.6.6, 192.0.2.1")
        .header("x-forwarded-proto", "http");
    assert_eq!(ask(behind).await, "Some(192.0.2.1) false");
    let behind = TestClient::builder().header("x-forwarded-proto", "https");
    assert_eq!(ask(behind).await, "None true");
}

/// Each value is dropped with the object that stores it.
#[tokio::test(start_paused = true)]
async fn everything_is_dropped_when_it_should_be() {
    #[derive(Clone)]
    struct Held(#[expect(dead_code, reason = "it is only held")] Arc<()>);

    let [request, client, socket, state] = [(); 4].map(|()| Arc::new(()));
    let io = SocketIo::builder().keep_extension::<Held>().state(Held(Arc::clone(&state))).build();
    let (for_client, for_socket) = (Held(Arc::clone(&client)), Held(Arc::clone(&socket)));
    io.of("/", |ns| {
        ns.on_connect(async move |socket: Socket, _: State<Held>| {
            socket.client().extensions().insert(for_client);
            socket.extensions().insert(for_socket);
        });
    });
    let connected = TestClient::builder().extension(Held(Arc::clone(&request))).open(&io).await.unwrap();
    let root = connected.namespace("/").connect().await.unwrap();
    settled().await;
    // The captures of the handler hold one reference of each; the test client holds that of its request.
    let counts = || [&request, &client, &socket].map(Arc::strong_count);
    assert_eq!(counts(), [3, 3, 3]);
    root.disconnect();
    settled().await;
    assert_eq!(counts(), [3, 3, 2]);
    connected.close().await;
    drop((root, connected));
    settled().await;
    assert_eq!(counts(), [1, 2, 2]);
    drop(io);
    assert_eq!((Arc::strong_count(&client), Arc::strong_count(&state)), (1, 1));
}

/// The Node server lets a middleware join rooms; here the socket is in them once it is connected.
#[tokio::test(start_paused = true)]
async fn rooms_joined_in_a_middleware_are_joined_on_connect() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async |socket: Socket, Query(query): Query<BTreeMap<String, String>>| {
            assert!(socket.join("a") && socket.join("a") && socket.join("b"));
            assert!(socket.leave("b") && !socket.leave("b"));
            let name = query.get("name").ok_or("no name")?;
            assert!(socket.join(name));
            Ok(())
        });
        ns.on_connect(async |socket: Socket| drop(socket.all().to("a").emit("here", &socket.rooms().len())));
    });
    TestClient::connect(&io).await.unwrap_err();
    assert_eq!(io.to("a").count(), 0);
    let client = TestClient::builder().query("name=ada").connect(&io).await.unwrap();
    assert_eq!((io.to("a").count(), io.to("ada").count(), io.to("b").count()), (1, 1, 0));
    assert_eq!(client.expect::<usize>("here").await, 3);
}

/// A handler can take the `Result` of an extractor and go on.
#[tokio::test(start_paused = true)]
async fn a_handler_may_ask_why_it_cannot_have_an_argument() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("number", async |number: Result<Data<u8>, ExtractError>| match number {
            Ok(Data(number)) => number.to_string(),
            Err(error) => format!("no: {error}"),
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    assert_eq!(client.emit_with_ack::<_, String>("number", &7).await.unwrap(), "7");
    let answer: String = client.emit_with_ack("number", &300).await.unwrap();
    assert!(answer.starts_with("no: argument 1: invalid value: integer `300`"), "{answer}");
}

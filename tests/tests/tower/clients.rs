//! Scopes of values: where they are stored, who can access them, and when they are dropped.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::ConnectError;
use socketio_tower::extract::{Extension, State};
use socketio_tower::handler::Cause;
use socketio_tower::testing::{Disconnected, TestClient, TestSocket, settled};
use socketio_tower::{Client, DisconnectReason, Socket, SocketIo, Transport};

use crate::client::{Log, until};

#[derive(Debug, Clone, PartialEq)]
struct Place(&'static str);

/// Returns a client with one socket on each of two namespaces.
async fn two_sockets(io: &SocketIo) -> (TestClient, TestSocket, TestSocket) {
    let client = TestClient::builder().extension(Place("handshake")).open(io).await.expect("it opens");
    let root = client.namespace("/").connect().await.expect("it connects");
    let chat = client.namespace("/chat").connect().await.expect("it connects");
    (client, root, chat)
}

#[tokio::test(start_paused = true)]
async fn an_extension_is_found_where_it_is_nearest() {
    let io = SocketIo::builder().keep_extension::<Place>().build();
    for path in ["/", "/chat"] {
        io.of(path, |ns| {
            ns.on("where", async |Extension(place): Extension<Place>| place.0);
            ns.on("client", async |client: Client| {
                client.extensions().insert(Place("client"));
            });
            ns.on("socket", async |socket: Socket| {
                socket.extensions().insert(Place("socket"));
            });
            ns.on("forget", async |socket: Socket| {
                let own = socket.extensions().remove::<Place>();
                let shared = socket.client().extensions().remove::<Place>();
                own.is_some() && shared.is_some()
            });
        });
    }
    let (_client, root, chat) = two_sockets(&io).await;
    let place =
        async |socket: &TestSocket| socket.emit_with_ack::<_, String>("where", "").await.expect("a place");
    let ask = async |socket: &TestSocket, what: &str| {
        socket.emit_with_ack::<_, serde_json::Value>(what, "").await.ok();
    };
    assert_eq!(place(&root).await, "handshake");
    ask(&root, "client").await;
    assert_eq!((place(&root).await, place(&chat).await), ("client".into(), "client".into()));
    ask(&chat, "socket").await;
    assert_eq!((place(&root).await, place(&chat).await), ("client".into(), "socket".into()));
    assert!(chat.emit_with_ack::<_, bool>("forget", "").await.expect("an answer"));
    assert_eq!((place(&root).await, place(&chat).await), ("handshake".into(), "handshake".into()));
}

/// The error names the scopes that were searched and a way to provide the extension.
#[tokio::test(start_paused = true)]
async fn a_missing_extension_says_how_to_have_it() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder().on_error(move |error| {
        if let Cause::BadArgs(error) = error.cause() {
            sink.add(error.to_string());
        }
    });
    let io = io.build();
    io.of("/", |ns| {
        ns.on_connect(async |client: Client| {
            client.extensions().insert(7u8);
        });
        ns.on("where", async |_: Extension<Place>| {});
        ns.on("number", async |Extension(number): Extension<u8>| number);
    });
    let socket = TestClient::builder().extension(Place("not kept")).connect(&io).await.expect("it connects");
    assert_eq!(socket.emit_with_ack::<_, u8>("number", "").await.expect("a number"), 7);
    socket.emit("where", "");
    let name = std::any::type_name::<Place>();
    log.expect(&[&format!(
        "no extension of type {name} in the socket, its client or the kept extensions of the handshake; \
         keep one that an outer layer sets with SocketIoBuilder::keep_extension::<{name}>()"
    )])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_is_what_its_sockets_share() {
    let io = SocketIo::new();
    io.of("/", |_| {});
    io.of("/chat", |_| {});
    io.of("/closed", |ns| {
        ns.middleware(async || Err::<(), _>(ConnectError::new("no")));
    });
    let (mine, root, chat) = two_sockets(&io).await;
    assert!(mine.namespace("/closed").connect().await.is_err());
    let other = TestClient::builder().polling().connect(&io).await.expect("it connects");
    let find = |id: &str| io.to(id).sockets().pop().expect("a socket");
    let (socket, stranger) = (find(root.id().as_str()), find(other.id().as_str()));
    let client = socket.client();
    assert!(client != stranger.client());
    assert_eq!(
        (client.transport(), stranger.client().transport()),
        (Transport::WebSocket, Transport::Polling)
    );
    assert_eq!(client.handshake().query(), "EIO=4&transport=websocket");
    // The session id allows taking over the session, so it must not be printed.
    let shown = format!("{client:?} {socket:?}");
    let expected = format!("Client {{ id: ClientId({}), transport: WebSocket, .. }}", client.id());
    assert!(shown.starts_with(&expected), "{shown}");
    assert_ne!(client.id(), stranger.client().id());

    let ids: Vec<_> = client.sockets().await.iter().map(Socket::id).collect();
    assert_eq!(ids, [root.id(), chat.id()]);
    assert!(client.sockets().await.iter().all(|socket| socket.client() == client));
    socket.disconnect();
    assert_eq!(client.sockets().await.len(), 1);
    assert!(matches!(root.disconnected().await, Disconnected::ByServer));
    chat.disconnect();
    settled().await;
    assert!(client.sockets().await.is_empty());
    let back = mine.namespace("/chat").connect().await.expect("it connects again");
    assert_eq!(client.sockets().await.iter().map(Socket::id).collect::<Vec<_>>(), [back.id()]);
    let of_stranger = stranger.client().sockets().await;
    assert_eq!(of_stranger, [stranger]);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_disconnected_from_everything() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    for path in ["/", "/chat"] {
        let sink = Arc::clone(&log);
        io.of(path, |ns| {
            ns.on("bye", async |client: Client| client.disconnect());
            ns.on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
                sink.add(format!("{} {reason}", socket.namespace()));
            });
        });
    }
    for polling in [false, true] {
        let builder = TestClient::builder();
        let builder = if polling { builder.polling() } else { builder };
        let client = builder.open(&io).await.expect("it opens");
        let root = client.namespace("/").connect().await.expect("it connects");
        let chat = client.namespace("/chat").connect().await.expect("it connects");
        root.emit("bye", "");
        assert!(matches!(root.disconnected().await, Disconnected::ByServer));
        assert!(matches!(chat.disconnected().await, Disconnected::ByServer));
        client.closed().await;
    }
    until("the sessions have ended", || io.sessions() == 0).await;
    let reason = DisconnectReason::ServerNamespaceDisconnect;
    let lines = [format!("/ {reason}"), format!("/chat {reason}")];
    log.expect(&[&*lines[0], &lines[1], &lines[0], &lines[1]]).await;
}

#[derive(Clone, serde::Serialize)]
struct Shown {
    #[serde(skip)]
    _held: Arc<()>,
}

/// A value inserted after the end would be kept as long as a handle exists.
#[tokio::test(start_paused = true)]
async fn values_end_with_what_they_are_kept_with() {
    let held = Arc::new(());
    let io = SocketIo::builder().state(Arc::clone(&held)).build();
    for path in ["/", "/chat"] {
        io.of(path, |ns| {
            ns.on_connect(async |socket: Socket, State(held): State<Arc<()>>| {
                // Reference cycles: these values hold their own owners.
                socket.extensions().insert((Arc::clone(&held), socket.clone()));
                socket.client().extensions().insert((Arc::clone(&held), socket.client()));
                socket.set_data(Shown { _held: Arc::clone(&held) });
                socket.extensions().insert(held);
            });
            ns.on_disconnect(
                async |Extension(_): Extension<Arc<()>>, Extension(_): Extension<(Arc<()>, Client)>| {},
            );
        });
    }
    let (mine, root, chat) = two_sockets(&io).await;
    let sockets = io.to(root.id().as_str()).sockets();
    let client = sockets[0].client();
    settled().await;
    assert_eq!(client.sockets().await.len(), 2);
    // One in the test, one in the server, three in each socket, one in the client, where the second replaced the first.
    let count = || Arc::strong_count(&held);
    until("all is kept", || count() == 9).await;
    chat.disconnect();
    until("the socket's are dropped, and the client's are not", || count() == 6).await;
    assert!(client.extensions().get::<(Arc<()>, Client)>().is_some());
    mine.close().await;
    until("the session has ended", || io.sessions() == 0).await;
    until("the server's is left", || count() == 2).await;

    assert!(sockets[0].extensions().insert(Arc::clone(&held)).is_none());
    assert_eq!(sockets[0].extensions().get::<Arc<()>>(), None);
    client.extensions().insert(Arc::clone(&held));
    assert_eq!(client.extensions().update(|number: &mut u8| std::mem::replace(number, 1)), 0);
    assert_eq!(client.extensions().get::<u8>(), None);
    assert_eq!(count(), 2);
    assert!(io.close(Duration::ZERO).await);
    drop((io, sockets, client, mine, root, chat));
    until("nothing is left", || count() == 1).await;
}

//! Inspecting and moving sockets from outside.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socketio_tower::extract::State;
use socketio_tower::testing::{Disconnected, TestClient, TestSocket, settled};
use socketio_tower::{AckError, Auth, DisconnectReason, Socket, SocketIo};

use crate::client::{Log, until};
use crate::fleet::{Fleet, alone_and_clustered};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Player {
    name: String,
    score: u32,
}

fn server() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket, Auth(name): Auth<Option<serde_json::Value>>| {
            if let Some(name) = name.as_ref().and_then(|auth| auth["name"].as_str()) {
                socket.set_data(Player { name: name.to_owned(), score: 0 });
                socket.join(format!("team {}", &name[..1]));
            }
        });
        ns.on("score", async |socket: Socket| {
            let mut player: Player = socket.data().expect("it was set");
            player.score += 1;
            socket.set_data(player);
        });
        ns.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
            let name = socket.data::<Player>().map_or_else(String::new, |player| player.name);
            LOG.with(|log| log.add(format!("{name} {reason}")));
        });
    });
    io
}

thread_local! {
    /// The disconnected players of the test, which runs on a thread of its own.
    static LOG: Log = Log::default();
}

async fn player(io: &Fleet, name: &str) -> TestSocket {
    let client =
        TestClient::builder().query(&format!("from={name}")).open(io.host()).await.expect("a session");
    let socket = client
        .namespace("/")
        .auth(&serde_json::json!({ "name": name }))
        .connect()
        .await
        .expect("it is let in");
    settled().await;
    socket
}

alone_and_clustered! {
    async fn what_is_known_of_a_socket_can_be_fetched(io: Fleet) {
        let (ada, alan, bob) = (player(&io, "ada").await, player(&io, "alan").await, player(&io, "bob").await);
        let () = alan.emit_with_ack("score", "").await.unwrap();
        let mut fetched = io.to("team a").fetch_sockets().await;
        fetched.sort_by_key(|socket| socket.data::<Player>().unwrap().name);
        let seen: Vec<_> =
            fetched.iter().map(|socket| (socket.id(), socket.data::<Player>().unwrap().score)).collect();
        assert_eq!(seen, [(ada.id().as_str(), 0), (alan.id().as_str(), 1)]);
        assert_eq!(fetched[0].rooms(), [ada.id().to_string(), "team a".to_owned()]);
        assert_eq!(fetched[0].namespace(), "/");
        assert_eq!(fetched[0].handshake().parameter("from").as_deref(), Some("ada"));
        // A type other than that of the value.
        assert_eq!(fetched[0].data::<Vec<u8>>(), None);
        assert_eq!((io.fetch_sockets().await.len(), io.count("team b")), (3, 1));

        // A fetched socket can be used to reach the socket.
        let patient = fetched[1].clone().timeout(Duration::from_secs(1));
        let answer = patient.emit_with_ack::<_, u8>("question", "?");
        let (answer, ()) = tokio::join!(answer, async { alan.expect_event("question").await.ack(&7) });
        assert_eq!(answer.unwrap(), 7);
        fetched[1].emit("hello", "alan");
        alan.expect::<String>("hello").await;
        fetched[1].join("other").await;
        fetched[1].leave("team a").await;
        assert_eq!((io.count("other"), io.count("team a")), (1, 1));
        fetched[1].disconnect(false).await;
        assert_eq!(alan.disconnected().await, Disconnected::ByServer);
        let gone = patient.emit_with_ack::<_, u8>("question", "?").await;
        assert!(matches!(gone, Err(AckError::Disconnected)));
        ada.expect_nothing().await;
        bob.expect_nothing().await;
    }

    async fn sockets_are_moved_and_disconnected_from_outside(io: Fleet) {
        let (ada, alan, bob) = (player(&io, "ada").await, player(&io, "alan").await, player(&io, "bob").await);
        io.to("team a").except(alan.id().as_str()).sockets_join("elders").await;
        io.sockets_join("everybody").await;
        assert_eq!((io.count("elders"), io.count("everybody")), (1, 3));
        io.to("team a").sockets_leave("everybody").await;
        assert_eq!(io.count("everybody"), 1);
        io.sockets_leave("elders").await;
        assert_eq!(io.count("elders"), 0);

        io.to("team b").disconnect_sockets(true).await;
        assert_eq!(bob.disconnected().await, Disconnected::ByServer);
        bob.client().closed().await;
        let left: Vec<Socket> = io.to(ada.id().as_str()).sockets();
        io.disconnect_sockets(false).await;
        // At once, not when their sessions next run.
        assert!(io.fetch_sockets().await.is_empty() && io.count("team a") == 0 && left.iter().all(|socket| !socket.join("x")));
        assert_eq!(ada.disconnected().await, Disconnected::ByServer);
        assert_eq!(alan.disconnected().await, Disconnected::ByServer);
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        settled().await;
        let mut lines = LOG.with(Log::lines);
        lines[1..].sort();
        assert_eq!(lines, [format!("bob {reason}"), format!("ada {reason}"), format!("alan {reason}")]);
    }
}

/// The data of a socket is dropped with it, even if it holds the socket.
#[tokio::test(start_paused = true)]
async fn data_goes_with_its_socket() {
    #[derive(Clone, Serialize)]
    struct Held(
        #[serde(skip)] Arc<()>,
        #[serde(skip)]
        #[expect(dead_code, reason = "it is only held")]
        Option<Socket>,
    );

    let held = Arc::new(());
    let io = SocketIo::builder().state(Held(Arc::clone(&held), None)).build();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket, State(Held(held, _)): State<Held>| {
            socket.set_data(Held(held, Some(socket.clone())));
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    until("it is kept", || Arc::strong_count(&held) == 3).await;
    client.client().close().await;
    until("it is dropped", || Arc::strong_count(&held) == 2).await;
}

//! Observers see everything that happens on a server: enough for metrics and an admin UI outside of the crate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Request;
use socketio_tower::handler::Limit;
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{
    Client, ClientId, DisconnectReason, Observation, Overflow, Socket, SocketId, SocketIo, Transport,
};

/// The model of an admin UI: the clients of a server, their sockets, and counters for everything else.
#[derive(Debug, Default)]
struct Admin {
    clients: BTreeMap<ClientId, Seen>,
    counts: BTreeMap<&'static str, u32>,
    log: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Seen {
    transport: Transport,
    path: String,
    sockets: BTreeMap<String, SocketId>,
}

impl Admin {
    fn observe(&mut self, observation: &Observation<'_>) {
        match *observation {
            Observation::ClientOpened { client, transport, handshake } => {
                let seen = Seen { transport, path: handshake.path().to_owned(), sockets: BTreeMap::new() };
                assert_eq!(self.clients.insert(client, seen), None);
            }
            Observation::ClientUpgraded { client, transport } => {
                self.clients.get_mut(&client).expect("it was opened").transport = transport;
            }
            Observation::ClientClosed { client, reason } => {
                let seen = self.clients.remove(&client).expect("it was opened");
                assert_eq!(seen.sockets, BTreeMap::new(), "its sockets have left before");
                self.log.push(format!("closed {}", reason.expect("it was not dropped").as_str()));
            }
            Observation::SocketConnected { client, namespace, socket } => {
                let seen = self.clients.get_mut(&client).expect("it was opened");
                assert_eq!(seen.sockets.insert(namespace.to_owned(), socket), None);
            }
            Observation::SocketDisconnected { client, namespace, socket, reason } => {
                let seen = self.clients.get_mut(&client).expect("it was opened");
                assert_eq!(seen.sockets.remove(namespace), Some(socket));
                self.log.push(format!("{namespace} {}", reason.as_str()));
            }
            Observation::RoomJoined { namespace, room, .. } => self.log.push(format!("{namespace} +{room}")),
            Observation::RoomLeft { namespace, room, .. } => self.log.push(format!("{namespace} -{room}")),
            Observation::EventReceived { namespace, event, .. } => {
                *self.counts.entry("received").or_default() += 1;
                self.log.push(format!("{namespace} <{}", event.name()));
            }
            Observation::EventSent { namespace, event, .. } => {
                *self.counts.entry("sent").or_default() += 1;
                let read = event.decode().expect("it is an event");
                assert!(event.size() > read.name().len() + read.args().json().len());
                self.log.push(format!("{namespace} >{}", read.name()));
            }
            Observation::RequestRejected { rejection } => self.log.push(format!("rejected {rejection}")),
            Observation::LimitReached { namespace, limit, .. } => {
                self.log.push(format!("{namespace} {limit:?}"));
            }
            ref other => panic!("{other:?}"),
        }
    }
}

fn watched(admin: &Arc<Mutex<Admin>>) -> SocketIo {
    let watching = Arc::clone(admin);
    let io = SocketIo::builder()
        .observe(move |observation| watching.lock().expect("no panic under it").observe(observation))
        .observe(|_| panic!("an observer's fault, which is nobody else's"))
        .max_queued_bytes(1000)
        .overflow(Overflow::Discard)
        .build();
    io.of("/chat", |ns| {
        ns.middleware(async |socket: Socket| _ = socket.join("everybody"));
        ns.on("join", async |socket: Socket| {
            socket.join("lobby");
            socket.all().to("lobby").emit("joined", "");
        });
        ns.on("id", async |client: Client| client.id().to_string());
        ns.on("flood", async |socket: Socket| while socket.emit("flood", &"x".repeat(400)).is_queued() {});
    });
    io
}

fn log(admin: &Mutex<Admin>) -> Vec<String> {
    std::mem::take(&mut admin.lock().expect("no panic under it").log)
}

#[tokio::test(start_paused = true)]
async fn an_admin_ui_can_be_written_outside() {
    let admin = Arc::new(Mutex::new(Admin::default()));
    let io = watched(&admin);
    let client = TestClient::builder().polling().open(&io).await.unwrap();
    let root = client.namespace("/").connect().await.unwrap();
    let chat = client.namespace("/chat").connect().await.unwrap();
    {
        let admin = admin.lock().unwrap();
        let [(_, seen)] = &admin.clients.iter().collect::<Vec<_>>()[..] else { panic!("one client") };
        assert_eq!((seen.transport, seen.path.as_str()), (Transport::Polling, "/socket.io/"));
        let sockets = [("/".to_owned(), root.id()), ("/chat".to_owned(), chat.id())];
        assert_eq!(seen.sockets, BTreeMap::from(sockets));
    }
    assert_eq!(log(&admin), ["/chat +everybody"]);

    client.upgrade().await.unwrap();
    let id: String = chat.emit_with_ack("id", "").await.unwrap();
    {
        let admin = admin.lock().unwrap();
        let (client, seen) = admin.clients.first_key_value().unwrap();
        assert_eq!((client.to_string(), seen.transport), (id, Transport::WebSocket));
    }
    let () = chat.emit_with_ack("join", "").await.unwrap();
    assert_eq!(log(&admin), ["/chat <id", "/chat <join", "/chat +lobby", "/chat >joined"]);
    chat.emit("flood", "");
    settled().await;
    let flooded = log(&admin);
    assert_eq!(flooded.first().map(String::as_str), Some("/chat <flood"));
    assert_eq!(flooded.last().map(String::as_str), Some(&*format!("/chat {:?}", Limit::QueuedBytes)));

    chat.disconnect();
    settled().await;
    let reason = DisconnectReason::ClientNamespaceDisconnect.as_str();
    assert_eq!(log(&admin), ["/chat -everybody", "/chat -lobby", &format!("/chat {reason}")]);
    client.close().await;
    settled().await;
    let reason = DisconnectReason::TransportClose.as_str();
    assert_eq!(log(&admin), [format!("/ {reason}"), format!("closed {reason}")]);
    assert!(admin.lock().unwrap().clients.is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_refused_are_observed() {
    let admin = Arc::new(Mutex::new(Admin::default()));
    let io = watched(&admin);
    let request = Request::get("/socket.io/?EIO=4&transport=pigeon").body(()).unwrap();
    io.attach(request.into_parts().0, tokio::io::empty()).await.unwrap_err();
    assert_eq!(log(&admin), ["rejected transport unknown"]);
}

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use socketio_tower::cluster::{ClusterEvent, Redis};
use socketio_tower::layer::{ClientFiles, SessionCookie};
use socketio_tower::{
    Args, Auth, ConnectError, Data, NamespaceBuilder, NoArgs, Socket, SocketIo, SocketIoBuilder,
};
use tokio::sync::Notify;
use tokio::time::sleep;
use tower_http::services::ServeDir;

use super::Error;

/// A person in the room, as all nodes see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) name: String,
    /// The node that the person is connected to.
    pub(super) node: String,
}

/// The `auth` payload of a client.
#[derive(Deserialize)]
struct Hello {
    name: Option<String>,
}

/// The changes of the list of people.
#[derive(Debug, Default)]
struct Changes {
    /// A person has come or gone on this node.
    here: Notify,
    /// The same on another node.
    elsewhere: Notify,
}

/// Tells all nodes that the list of people has changed.
#[derive(Clone)]
struct Announcer {
    io: SocketIo,
    changes: Arc<Changes>,
}

impl Announcer {
    fn announce(&self) {
        self.io.server_side_emit("people changed", &NoArgs);
        self.changes.here.notify_one();
    }
}

const ROOM: &str = "chat";

/// Runs one node until Ctrl-C.
pub(super) async fn run(name: &str, port: &str, redis: &str) -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
    let files = ClientFiles::from_dir(here.join("node_modules/socket.io-client/dist"))?;
    let io = node(SocketIo::builder().client_files(files), name);
    io.join_cluster(Redis::classic(redis)?).await?;

    let app = Router::new().fallback_service(ServeDir::new(here.join("page"))).layer(io.layer());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    tokio::spawn(async move { axum::serve(listener, app.into_make_service()).await });
    tokio::signal::ctrl_c().await?;
    io.close(Duration::from_secs(3)).await;
    Ok(())
}

/// Creates a node, which has not joined a cluster yet.
pub(super) fn node(builder: SocketIoBuilder, name: &str) -> SocketIo {
    let changes = Arc::new(Changes::default());
    let (observer, label, is_up) = (Arc::clone(&changes), name.to_owned(), AtomicBool::new(true));
    let io = builder
        // Names the node, for the proxy.
        .cookie(SessionCookie::new("io_node").value(name))
        .on_cluster(move |event| match event {
            ClusterEvent::Up if !is_up.swap(true, Ordering::Relaxed) => {
                eprintln!("{label} is connected to Redis again");
            }
            ClusterEvent::Down { error } if is_up.swap(false, Ordering::Relaxed) => {
                eprintln!("{label} is not connected to Redis: {error}");
            }
            // It may have been killed, and with it the sockets of its people.
            ClusterEvent::PeerLeft { .. } => observer.elsewhere.notify_one(),
            _ => {}
        })
        .build();
    let announcer = Announcer { io: io.clone(), changes: Arc::clone(&changes) };
    io.of("/", |ns| chat(ns, name, &announcer));
    tokio::spawn(show_people(io.clone(), changes));
    io
}

fn chat(ns: &mut NamespaceBuilder, node: &str, announcer: &Announcer) {
    let node = node.to_owned();
    ns.middleware(async move |socket: Socket, Auth(hello): Auth<Hello>| {
        let name = hello.name.filter(|name| (1..=20).contains(&name.chars().count()));
        let name = name.ok_or_else(|| ConnectError::new("a name has 1 to 20 characters"))?;
        // The other nodes see this with `fetch_sockets`.
        socket.set_data(Person { name, node: node.clone() });
        Ok(())
    });

    let connected = announcer.clone();
    ns.on_connect(async move |socket: Socket| {
        socket.join(ROOM);
        if let Some(person) = socket.data::<Person>() {
            socket.emit("you", &person);
        }
        connected.announce();
    });

    ns.on("say", async |socket: Socket, Data(text): Data<String>| {
        if let Some(person) = socket.data::<Person>()
            && (1..=2000).contains(&text.chars().count())
        {
            socket.all().to(ROOM).emit("said", &Args((person, text)));
        }
    });

    let disconnected = announcer.clone();
    ns.on_disconnect(async move || disconnected.announce());

    let changes = Arc::clone(&announcer.changes);
    ns.on_server_event("people changed", async move || changes.elsewhere.notify_one());
}

/// Sends the list of people to the clients of this node when it changes, not more often than every 100 ms.
///
/// Each node serves its own clients, in a single task: a list that was fetched earlier cannot arrive later.
async fn show_people(io: SocketIo, changes: Arc<Changes>) {
    let mut shown = Vec::new();
    loop {
        let here = tokio::select! {
            () = changes.here.notified() => true,
            () = changes.elsewhere.notified() => false,
            // A Node server that is killed is not reported.
            () = sleep(Duration::from_secs(5)) => false,
        };
        // Without a node that does not answer, because it has just ended.
        let sockets = io.to(ROOM).timeout(Duration::from_secs(1)).fetch_sockets().await;
        let mut people: Vec<Person> = sockets.iter().filter_map(|socket| socket.data()).collect();
        people.sort();
        // A client that has just connected needs the list even if it is the same.
        if here || people != shown {
            io.local().to(ROOM).emit("people", &people);
        }
        shown = people;
        sleep(Duration::from_millis(100)).await;
    }
}

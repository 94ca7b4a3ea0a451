use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use socketio_tower::cluster::{ClusterEvent, Redis};
use socketio_tower::layer::SessionCookie;
use socketio_tower::{Args, Auth, Data, NamespaceBuilder, Socket, SocketIo};
use tokio::sync::mpsc;

use super::Error;

/// A person in the chat, as all servers see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) name: String,
    /// The server that the person is connected to.
    pub(super) node: String,
}

#[derive(Deserialize)]
struct Hello {
    name: String,
}

/// Runs one server of the cluster.
pub(super) async fn run(name: &str, port: &str, redis: &str) -> Result<(), Error> {
    let (changed, changes) = mpsc::channel(1);
    let left = changed.clone();
    let io = SocketIo::builder()
        .cookie(SessionCookie::new("io_node").value(name))
        // The clients of a server that has died are gone.
        .on_cluster(move |event| {
            if let ClusterEvent::PeerLeft { .. } = event {
                left.try_send(()).ok();
            }
        })
        .build();
    let node = name.to_owned();
    io.of("/", |ns| chat(ns, &node, &changed));
    io.join_cluster(Redis::classic(redis)?).await?;
    tokio::spawn(show_people(io.clone(), changes));

    let app = Router::new().route("/health", get(async || "ok")).layer(io.layer());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    tokio::spawn(async move { axum::serve(listener, app.into_make_service()).await });
    tokio::signal::ctrl_c().await?;
    io.close(Duration::from_secs(5)).await;
    Ok(())
}

pub(super) fn chat(ns: &mut NamespaceBuilder, node: &str, changed: &mpsc::Sender<()>) {
    let (node, connected) = (node.to_owned(), changed.clone());
    ns.on_connect(async move |socket: Socket, Auth(Hello { name }): Auth<Hello>| {
        let person = Person { name, node };
        socket.set_data(person.clone());
        socket.emit("you", &person);
        connected.try_send(()).ok();
    });
    ns.on("say", async |socket: Socket, Data(text): Data<String>| {
        if let Some(person) = socket.data::<Person>() {
            socket.all().emit("said", &Args((person, text)));
        }
    });
    let disconnected = changed.clone();
    ns.on_disconnect(async move || {
        disconnected.try_send(()).ok();
    });
}

/// Sends the list of people to everybody whenever it may have changed, but not more often than every 200 ms.
pub(super) async fn show_people(io: SocketIo, mut changes: mpsc::Receiver<()>) {
    while changes.recv().await.is_some() {
        let mut people: Vec<Person> =
            io.fetch_sockets().await.iter().filter_map(|socket| socket.data()).collect();
        people.sort();
        io.emit("people", &people);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

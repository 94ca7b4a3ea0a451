//! A bridge from publish/subscribe to Socket.IO: messages that a source publishes to a topic are sent to the sockets
//! subscribed to it.
//!
//! The source is a channel within the process, fed by `POST /publish/{topic}`. With Redis, NATS or MQTT instead, only
//! [`bridge`] changes. The environment variable `PORT` sets the port, by default 3000.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::json;
use socketio_tower::handler::Cause;
use socketio_tower::{Args, Data, NamespaceBuilder, Reply, Socket, SocketIo};
use tokio::sync::broadcast::{self, error::RecvError};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (source, subscription) = broadcast::channel(1024);
    let io = SocketIo::new();
    io.of("/", topics);
    tokio::spawn(bridge(subscription, io.clone()));

    let publish = async move |Path(topic): Path<String>, text: String| {
        // An error means that the bridge has ended.
        source.send(Message { topic, text }).map_or(StatusCode::BAD_GATEWAY, |_| StatusCode::ACCEPTED)
    };
    let app = Router::new()
        .route("/", get(async || "POST /publish/{topic}\n"))
        .route("/publish/{topic}", post(publish))
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service()).await
}

/// A published message.
#[derive(Debug, Clone)]
struct Message {
    topic: String,
    text: String,
}

/// Relays the messages of the source. With one task for all sockets, each message is encoded once.
async fn bridge(mut source: broadcast::Receiver<Message>, io: SocketIo) {
    loop {
        match source.recv().await {
            Ok(Message { topic, text }) => {
                io.to(room(&topic)).emit("message", &Args((&topic, &text)));
            }
            Err(RecvError::Lagged(missed)) => eprintln!("bridge too slow: {missed} messages missed"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// The maximum number of topics per socket.
const MAX_TOPICS: usize = 100;
/// The maximum length of a topic's name in bytes.
const MAX_TOPIC_LENGTH: usize = 64;

/// Defines `subscribe` and `unsubscribe`. Both ack with the resulting topics of the socket, or with `{ error }`.
fn topics(ns: &mut NamespaceBuilder) {
    ns.on("subscribe", async |socket: Socket, Data(topic): Data<String>| {
        if !(1..=MAX_TOPIC_LENGTH).contains(&topic.len()) {
            return Err("the name of a topic has 1 to 64 bytes");
        }
        let topics = topics_of(&socket);
        if topics.len() >= MAX_TOPICS && !topics.contains(&topic) {
            return Err("too many topics");
        }
        socket.join(room(&topic));
        Ok(Reply(topics_of(&socket)))
    });

    ns.on("unsubscribe", async |socket: Socket, Data(topic): Data<String>| {
        socket.leave(room(&topic));
        Reply(topics_of(&socket))
    });

    ns.on_error(|error| match error.cause() {
        Cause::BadArgs(why) => error.answer(&json!({ "error": why.to_string() })),
        Cause::Failed(why) => error.answer(&json!({ "error": why.to_string() })),
        _ => {}
    });
}

const PREFIX: &str = "topic:";

/// Returns the room of a topic. Its prefix keeps clients from subscribing to rooms named by socket ids.
fn room(topic: &str) -> String {
    format!("{PREFIX}{topic}")
}

fn topics_of(socket: &Socket) -> Vec<String> {
    socket.rooms().iter().filter_map(|room| room.strip_prefix(PREFIX)).map(str::to_owned).collect()
}

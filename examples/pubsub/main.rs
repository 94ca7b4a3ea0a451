//! A bridge from publish/subscribe to Socket.IO: what a source publishes under a topic reaches the sockets
//! that have subscribed to it.
//!
//! The source is a channel of this process that `POST /publish/{topic}` feeds; with Redis, NATS or MQTT in
//! its place, [`bridge`] alone changes. `PORT` comes from the environment, default 3000.

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
        // It fails when the bridge is gone.
        source.send(Message { topic, text }).map_or(StatusCode::BAD_GATEWAY, |_| StatusCode::ACCEPTED)
    };
    let app = Router::new()
        .route("/", get(async || "POST /publish/{topic}\n"))
        .route("/publish/{topic}", post(publish))
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// What is published.
#[derive(Debug, Clone)]
struct Message {
    topic: String,
    text: String,
}

/// Hands on what the source publishes. One task for all sockets: each message is encoded once.
async fn bridge(mut source: broadcast::Receiver<Message>, io: SocketIo) {
    loop {
        match source.recv().await {
            Ok(Message { topic, text }) => {
                io.to(room(&topic)).emit("message", &Args((&topic, &text)));
            }
            Err(RecvError::Lagged(missed)) => eprintln!("the source was faster: {missed} messages missed"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// How many topics a socket may subscribe to.
const MOST_TOPICS: usize = 100;
/// The longest name of a topic, in bytes.
const LONGEST_TOPIC: usize = 64;

/// Both events ack with the topics that the socket has then, or with `{ error }`.
fn topics(ns: &mut NamespaceBuilder) {
    ns.on("subscribe", async |socket: Socket, Data(topic): Data<String>| {
        if !(1..=LONGEST_TOPIC).contains(&topic.len()) {
            return Err("the name of a topic has 1 to 64 bytes");
        }
        let mine = topics_of(&socket);
        if mine.len() >= MOST_TOPICS && !mine.contains(&topic) {
            return Err("that are too many topics");
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

/// With a prefix, so that nobody subscribes to the room that is named like another's socket.
fn room(topic: &str) -> String {
    format!("{PREFIX}{topic}")
}

fn topics_of(socket: &Socket) -> Vec<String> {
    socket.rooms().iter().filter_map(|room| room.strip_prefix(PREFIX)).map(str::to_owned).collect()
}

//! Broadcast from outside a handler: an HTTP route notifies a user, on all the tabs they have open.
//!
//! `POST /users/{user}/notify` sends its JSON body to them and answers with how many sockets there are, 404
//! if there is none. That route is for the inside of a house: a real server asks who calls it. `PORT` comes
//! from the environment, default 3000.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_tower::ConnectError;
use socketio_tower::extract::Extension;
use socketio_tower::{Auth, NamespaceBuilder, Socket, SocketIo};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::new();
    io.of("/", users);
    let app = Router::new()
        .route("/", get(async || "POST /users/{user}/notify\n"))
        .route("/users/{user}/notify", post(notify))
        // A handle may go anywhere: into a route, a job, a thread without a runtime.
        .with_state(io.clone())
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

fn users(ns: &mut NamespaceBuilder) {
    ns.middleware(async |socket: Socket, Auth(hello): Auth<Hello>| {
        let user = hello.user.filter(|user| !user.is_empty()).ok_or("who are you?")?;
        socket.extensions().insert(User(user));
        Ok::<_, ConnectError>(())
    });
    ns.on_connect(async |socket: Socket, Extension(user): Extension<User>| {
        socket.join(user.room());
        // From now on notifications arrive; `connect` says only that the client is admitted.
        socket.emit("ready", &user.0)
    });
}

async fn notify(
    State(io): State<SocketIo>,
    Path(user): Path<String>,
    Json(notice): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let theirs = io.to(User(user).room());
    match theirs.count() {
        0 => Err(StatusCode::NOT_FOUND),
        sockets => {
            theirs.emit("notice", &notice);
            Ok(Json(json!({ "sockets": sockets })))
        }
    }
}

/// What a client sends with its wish to connect. A real one brings a token; see `private_messages`.
#[derive(Deserialize)]
struct Hello {
    user: Option<String>,
}

#[derive(Clone)]
struct User(String);

impl User {
    /// With a prefix, so that no name is the id of somebody's socket, which is a room too.
    fn room(&self) -> String {
        format!("user:{}", self.0)
    }
}

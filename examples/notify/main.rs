//! Broadcasts from outside of handlers: an HTTP route notifies a user in all open tabs.
//!
//! `POST /users/{user}/notify` sends its JSON body to the user's sockets and responds with their number, or with 404 if
//! there are none. A real server would authenticate the caller of this route. The environment variable `PORT` sets the
//! port, by default 3000.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
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
        // A handle can be used anywhere: in a route, a job, or a thread without a runtime.
        .with_state(io.clone())
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service()).await
}

fn users(ns: &mut NamespaceBuilder) {
    ns.middleware(async |socket: Socket, Auth(hello): Auth<Hello>| {
        let user = hello.user.filter(|user| !user.is_empty()).ok_or("user required")?;
        socket.extensions().insert(User(user));
        Ok(())
    });
    ns.on_connect(async |socket: Socket, Extension(user): Extension<User>| {
        socket.join(user.room());
        // Notifications arrive from now on. The client's `connect` event only means that it is admitted.
        socket.emit("ready", &user.0)
    });
}

async fn notify(
    State(io): State<SocketIo>,
    Path(user): Path<String>,
    Json(notice): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let sockets = io.to(User(user).room());
    match sockets.count() {
        0 => Err(StatusCode::NOT_FOUND),
        count => {
            sockets.emit("notice", &notice);
            Ok(Json(json!({ "sockets": count })))
        }
    }
}

/// The `auth` payload of a client. Real clients would send a token; see `private_messages`.
#[derive(Deserialize)]
struct Hello {
    user: Option<String>,
}

#[derive(Clone)]
struct User(String);

impl User {
    /// Returns the user's room. Its prefix keeps names from matching socket ids, which are rooms, too.
    fn room(&self) -> String {
        format!("user:{}", self.0)
    }
}

//! Private messages, with tokens, online status, several tabs per user, and messages stored for offline users.
//!
//! `POST /login` with `{ "name" }` responds with a `{ "token" }`, which the client sends as its `auth`. The first one
//! to request a name gets it. The environment variable `PORT` sets the port, by default 3000.

use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_tower::ConnectError;
use socketio_tower::extract::{Extension, State};
use socketio_tower::{Args, Auth, EmitWithAck, NamespaceBuilder, Socket, SocketIo};

mod people;
use people::{Message, Name, People};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let people = People::default();
    let io = SocketIo::builder().state(people.clone()).build();
    io.of("/", private_messages);

    let app = Router::new()
        .route("/", get(async || "POST /login, then connect\n"))
        .route("/login", post(async move |Json(login): Json<Login>| log_in(&people, &login)))
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service()).await
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

fn log_in(people: &People, login: &Login) -> Result<Json<Value>, StatusCode> {
    if !(1..=32).contains(&login.name.len()) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let token = format!("{:032x}", u128::from_ne_bytes(bytes));
    match people.login(&login.name, &token) {
        true => Ok(Json(json!({ "token": token }))),
        false => Err(StatusCode::CONFLICT),
    }
}

/// The `auth` payload of a client.
#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
}

/// The time for a tab to acknowledge a message.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(2);

fn private_messages(ns: &mut NamespaceBuilder) {
    ns.middleware(async |socket: Socket, Auth(auth): Auth<Credentials>, State(people): State<People>| {
        let name = auth.token.and_then(|token| people.user(&token));
        // The client finds the data in `err.data` of its `connect_error`.
        let error = || ConnectError::new("unknown token").with_data(&json!({ "login": "/login" }));
        socket.extensions().insert(name.ok_or_else(error)?);
        Ok(())
    });

    ns.on_connect(async |socket: Socket, Extension(me): Extension<Name>, State(people): State<People>| {
        socket.join(me.room());
        let (online, kept) = people.enter(&me, || {
            socket.broadcast().emit("online", &me);
        });
        socket.emit("welcome", &json!({ "name": me, "online": online }));
        // All messages are sent before the first ack is awaited.
        let acks: Vec<_> = kept.iter().map(|message| deliver(&socket, message)).collect();
        for (message, ack) in kept.iter().zip(acks) {
            if ack.await.is_ok() {
                people.delivered(&me, message);
            }
        }
    });

    // Acks with { delivered }, which is true if a tab has received the message and false if it is stored; or with
    // { error }.
    ns.on(
        "private message",
        async |socket: Socket,
               Args((to, text)): Args<(Name, String)>,
               Extension(me): Extension<Name>,
               State(people): State<People>| {
            let Some(message) = people.write(me.clone(), &to, text) else {
                return json!({ "error": "unknown user" });
            };
            // Shows the message in the sender's other tabs.
            socket.to(me.room()).emit("sent", &Args((&to, &message)));

            let tabs = socket.all().to(to.room()).timeout(DELIVERY_TIMEOUT);
            let acks = tabs.emit_with_ack::<_, ()>("private message", &message);
            // The first ack of a tab is enough.
            let delivered = acks.any(async |ack| ack.is_ok()).await;
            if delivered {
                people.delivered(&to, &message);
            }
            json!({ "delivered": delivered })
        },
    );

    ns.on_disconnect(async |socket: Socket, Extension(me): Extension<Name>, State(people): State<People>| {
        people.leave(&me, || {
            socket.broadcast().emit("offline", &me);
        });
    });
}

/// Sends a message to a tab, which acknowledges it.
fn deliver(tab: &Socket, message: &Message) -> EmitWithAck<()> {
    tab.timeout(DELIVERY_TIMEOUT).emit_with_ack("private message", message)
}

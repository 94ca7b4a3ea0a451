//! Private messages: tokens, who is online, several tabs for one person, and messages that wait for who is
//! away.
//!
//! `POST /login` with `{ "name" }` gives a `{ "token" }`, which a client sends as its `auth`: who first asks
//! for a name has it. `PORT` comes from the environment, default 3000.

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
    axum::serve(listener, app).await
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

/// What a client sends with its wish to connect.
#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
}

/// How long a tab may take to say that it has a message.
const PATIENCE: Duration = Duration::from_secs(2);

fn private_messages(ns: &mut NamespaceBuilder) {
    ns.middleware(async |socket: Socket, Auth(auth): Auth<Credentials>, State(people): State<People>| {
        let name = auth.token.and_then(|token| people.who(&token));
        // The client's `connect_error` has the data as `err.data`.
        let refusal = || ConnectError::new("unknown token").with_data(&json!({ "login": "/login" }));
        socket.extensions().insert(name.ok_or_else(refusal)?);
        Ok::<_, ConnectError>(())
    });

    ns.on_connect(async |socket: Socket, Extension(me): Extension<Name>, State(people): State<People>| {
        socket.join(me.room());
        let (online, kept) = people.come(&me, || {
            socket.broadcast().emit("online", &me);
        });
        socket.emit("welcome", &json!({ "name": me, "online": online }));
        // All are sent before the first answer is awaited.
        let asked: Vec<_> = kept.iter().map(|message| ask(&socket, message)).collect();
        for (message, has) in kept.iter().zip(asked) {
            if has.await.is_ok() {
                people.has(&me, message);
            }
        }
    });

    // Acks { delivered }: whether one of their tabs has it; if not, it waits for the next. Or { error }.
    ns.on(
        "private message",
        async |socket: Socket,
               Args((to, text)): Args<(Name, String)>,
               Extension(me): Extension<Name>,
               State(people): State<People>| {
            let Some(message) = people.write(me.clone(), &to, text) else {
                return json!({ "error": "there is nobody of that name" });
            };
            // Your other tabs show what you wrote.
            socket.to(me.room()).emit("sent", &Args((&to, &message)));

            let tabs = socket.all().to(to.room()).timeout(PATIENCE);
            let answers = tabs.emit_with_ack::<_, ()>("private message", &message);
            // Told by the first tab that answers; nobody waits for one that sleeps.
            let delivered = answers.any(async |answer| answer.is_ok()).await;
            if delivered {
                people.has(&to, &message);
            }
            json!({ "delivered": delivered })
        },
    );

    ns.on_disconnect(async |socket: Socket, Extension(me): Extension<Name>, State(people): State<People>| {
        people.go(&me, || {
            socket.broadcast().emit("offline", &me);
        });
    });
}

/// Hands a message to a tab, which answers that it has it.
fn ask(tab: &Socket, message: &Message) -> EmitWithAck<()> {
    tab.timeout(PATIENCE).emit_with_ack("private message", message)
}

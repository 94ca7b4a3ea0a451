//! A chat with nicknames whose namespace is a type: each method handles the event of its name.
//!
//! One value serves all sockets, and what the server remembers are its fields. `PORT` comes from the
//! environment, default 3000.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::get;
use serde_json::json;
use socketio_tower::handler::{Cause, ErrorContext};
use socketio_tower::{Args, Data, Socket, SocketId, SocketIo, namespace};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.handlers(Nicknames::default());
    });
    let app = Router::new().route("/", get(async || "hello from the nicknames\n")).layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// Who is called what.
#[derive(Default)]
struct Nicknames(Mutex<HashMap<SocketId, String>>);

#[namespace]
impl Nicknames {
    /// Takes a name, or another one.
    async fn nickname(&self, socket: Socket, Data(name): Data<String>) -> Result<(), &'static str> {
        if !(1..=20).contains(&name.chars().count()) {
            return Err("a nickname has 1 to 20 characters");
        }
        let mut names = self.names();
        if names.iter().any(|(id, taken)| *taken == name && *id != socket.id()) {
            return Err("somebody has this nickname");
        }
        let what = match names.insert(socket.id(), name.clone()) {
            None => format!("{name} is here"),
            Some(before) => format!("{before} is now {name}"),
        };
        socket.broadcast().emit("announcement", &what);
        tell(&socket, &names);
        Ok(())
    }

    /// Says something to all others.
    #[on("user message")]
    async fn user_message(&self, socket: Socket, Data(text): Data<String>) -> Result<(), &'static str> {
        let name = self.names().get(&socket.id()).cloned().ok_or("take a nickname first")?;
        socket.broadcast().emit("user message", &Args((&name, &text)));
        Ok(())
    }

    async fn disconnect(&self, socket: Socket) {
        let mut names = self.names();
        if let Some(name) = names.remove(&socket.id()) {
            socket.broadcast().emit("announcement", &format!("{name} has left"));
            tell(&socket, &names);
        }
    }

    /// What a client did wrong it hears: an `Err` of a method, or an argument that is none.
    fn error(&self, error: ErrorContext<'_>) {
        let why = match error.cause() {
            Cause::Failed(why) => why.to_string(),
            Cause::BadArgs(why) => why.to_string(),
            Cause::UnknownEvent => "there is no such event".to_owned(),
            _ => return,
        };
        error.answer(&json!({ "error": why }));
    }
}

impl Nicknames {
    fn names(&self) -> MutexGuard<'_, HashMap<SocketId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells everybody who is here. Called under the lock, so that the last list they hear is the last there is:
/// `emit` never waits.
fn tell(socket: &Socket, names: &HashMap<SocketId, String>) {
    let mut names: Vec<_> = names.values().collect();
    names.sort_unstable();
    socket.all().emit("nicknames", &names);
}

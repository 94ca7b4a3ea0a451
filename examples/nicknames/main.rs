//! A chat with nicknames whose namespace is a type. Each method handles the event of its name.
//!
//! One value serves all sockets, and its fields are the server's state. The environment variable `PORT` sets the port,
//! by default 3000.

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
    axum::serve(listener, app.into_make_service()).await
}

/// The namespace, with the nicknames of its sockets.
#[derive(Default)]
struct Nicknames(Mutex<HashMap<SocketId, String>>);

#[namespace]
impl Nicknames {
    /// Sets or changes the nickname.
    async fn nickname(&self, socket: Socket, Data(name): Data<String>) -> Result<(), &'static str> {
        if !(1..=20).contains(&name.chars().count()) {
            return Err("a nickname has 1 to 20 characters");
        }
        let mut names = self.names();
        if names.iter().any(|(id, taken)| *taken == name && *id != socket.id()) {
            return Err("nickname already taken");
        }
        let what = match names.insert(socket.id(), name.clone()) {
            None => format!("{name} is here"),
            Some(before) => format!("{before} is now {name}"),
        };
        socket.broadcast().emit("announcement", &what);
        send_list(&socket, &names);
        Ok(())
    }

    /// Sends a message to all other sockets.
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
            send_list(&socket, &names);
        }
    }

    /// Reports a client's mistakes to it: an `Err` of a method, invalid arguments, or an unknown event.
    fn error(&self, error: ErrorContext<'_>) {
        let why = match error.cause() {
            Cause::Failed(why) => why.to_string(),
            Cause::BadArgs(why) => why.to_string(),
            Cause::UnknownEvent => "unknown event".to_owned(),
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

/// Sends the list of nicknames to all sockets. Called under the lock, so that lists are sent in order; `emit` never
/// blocks.
fn send_list(socket: &Socket, names: &HashMap<SocketId, String>) {
    let mut names: Vec<_> = names.values().collect();
    names.sort_unstable();
    socket.all().emit("nicknames", &names);
}

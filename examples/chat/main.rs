//! A chat with nicknames, rooms, lists of members and typing indicators. The page is in `page/`, and its protocol is
//! documented at the top of `page/chat.js`. The environment variable `PORT` sets the port, by default 3000.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketio_tower::ConnectError;
use socketio_tower::extract::{Extension, State};
use socketio_tower::{Auth, Data, NamespaceBuilder, Socket, SocketIo};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_http::services::ServeDir;

mod hall;
use hall::{Hall, Seat, View};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::builder().state(Hall::new()).build();
    io.of("/chat", chat);

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vendor = here.join("../tests/browser/node_modules/socket.io-client/dist");
    let app = Router::new()
        .nest_service("/vendor", ServeDir::new(vendor))
        .fallback_service(ServeDir::new(here.join("chat/page")))
        .layer(io.layer());

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("the chat is at http://localhost:{port}");
    let (stop, stopped) = oneshot::channel::<()>();
    let server =
        axum::serve(listener, app.into_make_service()).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(server.into_future());
    tokio::signal::ctrl_c().await?;
    // Close sessions first: the server's shutdown waits for polls but ignores WebSockets.
    io.close(GRACE).await;
    stop.send(()).ok();
    // With a timeout, because the shutdown also waits for peers that send half a request or do not read a response.
    timeout(GRACE, server).await.unwrap_or(Ok(Ok(())))?
}

/// The time for clients to disconnect, and for connections to end.
const GRACE: Duration = Duration::from_secs(5);

/// The `auth` payload of a client.
#[derive(Deserialize)]
struct Hello {
    nick: Option<String>,
    room: Option<String>,
}

/// The current room of a socket.
#[derive(Clone, Default)]
struct Present(String);

fn chat(ns: &mut NamespaceBuilder) {
    ns.middleware(async |socket: Socket, Auth(hello): Auth<Hello>, State(hall): State<Hall>| {
        let nick = hello.nick.filter(|nick| is_name(nick, 20, "._-")).ok_or_else(|| {
            rejection("nickname invalid", "Use 1 to 20 letters, digits, dots, dashes or underscores.")
        })?;
        let seat = hall
            .take(&nick)
            .ok_or_else(|| rejection("nickname taken", &format!("The nickname {nick} is already taken.")))?;
        // Dropped with the socket, which releases the nickname however the socket ends.
        socket.extensions().insert(Arc::new(seat));
        Ok(())
    });

    ns.on_connect(
        async |socket: Socket,
               Auth(hello): Auth<Hello>,
               Extension(seat): Extension<Arc<Seat>>,
               State(hall): State<Hall>| {
            #[derive(Serialize)]
            struct Welcome<'a> {
                nick: &'a str,
                rooms: Vec<hall::Listed>,
                #[serde(flatten)]
                view: View,
            }

            let wanted = hello.room.filter(|room| is_name(room, 32, "_-"));
            let view = enter(&socket, &seat, &hall, wanted.as_deref().unwrap_or("lobby"));
            socket.emit("welcome", &Welcome { nick: &seat.nick, rooms: hall.list(), view });
            list_rooms(&socket, &hall);
        },
    );

    ns.on("join", async |socket: Socket, Data(room): Data<Value>, Extension(seat): Extension<Arc<Seat>>, State(hall): State<Hall>| {
        let Some(room) = room.as_str().filter(|room| is_name(room, 32, "_-")) else {
            return json!({ "error": "A room's name has 1 to 32 letters, digits, dashes or underscores." });
        };
        leave(&socket, &seat, &hall);
        let view = enter(&socket, &seat, &hall, room);
        list_rooms(&socket, &hall);
        json!(view)
    });

    ns.on(
        "message",
        async |socket: Socket,
               Data(text): Data<Value>,
               Extension(seat): Extension<Arc<Seat>>,
               State(hall): State<Hall>| {
            let Some(text) = text.as_str().filter(|text| (1..=2000).contains(&text.chars().count())) else {
                return json!({ "error": "A message has 1 to 2000 characters." });
            };
            let room = present(&socket);
            let at = hall.say(&room, &seat.nick, text.to_owned(), |message| {
                socket.to(&room).emit("message", message);
            });
            json!({ "at": at })
        },
    );

    ns.on(
        "typing",
        async |socket: Socket, Data(typing): Data<bool>, Extension(seat): Extension<Arc<Seat>>| {
            let room = present(&socket);
            socket.to(&room).emit("typing", &json!({ "room": room, "nick": seat.nick, "typing": typing }))
        },
    );

    ns.on_disconnect(
        async |socket: Socket, Extension(seat): Extension<Arc<Seat>>, State(hall): State<Hall>| {
            leave(&socket, &seat, &hall);
            list_rooms(&socket, &hall);
        },
    );
}

fn enter(socket: &Socket, seat: &Seat, hall: &Hall, room: &str) -> View {
    socket.extensions().insert(Present(room.to_owned()));
    hall.enter(room, &seat.nick, || {
        socket.join(room);
        socket.to(room).emit("joined", &json!({ "room": room, "nick": seat.nick }));
    })
}

fn leave(socket: &Socket, seat: &Seat, hall: &Hall) {
    let room = present(socket);
    hall.leave(&room, &seat.nick, || {
        socket.leave(&room);
        socket.to(&room).emit("left", &json!({ "room": room, "nick": seat.nick }));
    });
}

fn present(socket: &Socket) -> String {
    socket.extensions().get::<Present>().unwrap_or_default().0
}

fn list_rooms(socket: &Socket, hall: &Hall) {
    socket.all().emit("rooms", &hall.list());
}

fn rejection(message: &str, reason: &str) -> ConnectError {
    ConnectError::new(message).with_data(&json!({ "reason": reason }))
}

fn is_name(name: &str, max_length: usize, marks: &str) -> bool {
    (1..=max_length).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || marks.contains(c))
}

//! Sessions of a web framework: log in over HTTP, be known on the socket, log out over HTTP and be disconnected.
//!
//! The session layer stands around Socket.IO's, so that the request that opens a client's connection carries the
//! session; its handle is kept, and handlers ask for it. `PORT` comes from the environment, default 3000.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use socketio_tower::ConnectError;
use socketio_tower::extract::Extension;
use socketio_tower::{NamespaceBuilder, Socket, SocketIo};
use tokio::net::TcpListener;
use tower_sessions::session::{Error, Id};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::builder().keep_extension::<Session>().build();
    io.of("/", users);

    // For `http://localhost`; elsewhere the cookie should be for HTTPS alone, which is the default.
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/rename", post(rename))
        .route("/logout", post(logout))
        .with_state(io.clone())
        .layer(io.layer())
        // Last, and so around the layer.
        .layer(sessions);

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

fn users(ns: &mut NamespaceBuilder) {
    // The events of a socket share its handle of the session: one after the other, none overwrites another's.
    ns.concurrency(1);
    ns.middleware(async |Extension(session): Extension<Session>| match user(&session).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ConnectError::new("not logged in")),
        Err(_) => Err(ConnectError::new("the sessions are out of reach")),
    });
    ns.on_connect(connected);
    ns.on("whoami", async |Extension(session): Extension<Session>| {
        Ok::<_, Error>(user(&session).await?.unwrap_or_default())
    });
    ns.on("count", count);
}

const USER: &str = "user";
const COUNT: &str = "count";

/// Who is logged in, as of now: a handle remembers what it has read once, and requests have handles of their own.
async fn user(session: &Session) -> Result<Option<String>, Error> {
    session.load().await?;
    session.get(USER).await
}

/// The sockets of one session, whichever tabs they are in.
fn room(session: Id) -> String {
    format!("session {session}")
}

/// Joins first and looks then: whoever logs out in between either finds the socket in the room, or is found here.
async fn connected(socket: Socket, Extension(session): Extension<Session>) -> Result<(), Error> {
    if let Some(id) = session.id() {
        socket.join(room(id));
    }
    if user(&session).await?.is_none() {
        socket.disconnect_client();
    }
    Ok(())
}

/// Counts in the session. No response follows that would save it.
async fn count(socket: Socket, Extension(session): Extension<Session>) -> Result<u32, Error> {
    if user(&session).await?.is_none() {
        // To save it now would bring back a session that is over.
        socket.disconnect_client();
        return Ok(0);
    }
    let count = session.get::<u32>(COUNT).await?.unwrap_or_default() + 1;
    session.insert(COUNT, count).await?;
    session.save().await?;
    Ok(count)
}

async fn home(session: Session) -> Result<String, StatusCode> {
    let name: Option<String> = session.get(USER).await.map_err(failed)?;
    let count: Option<u32> = session.get(COUNT).await.map_err(failed)?;
    Ok(format!("{} has counted to {}\n", name.as_deref().unwrap_or("nobody"), count.unwrap_or_default()))
}

/// A login needs a password, of course.
async fn login(session: Session, name: String) -> Result<(), StatusCode> {
    // Whoever knew the session's id before does not know it now.
    session.cycle_id().await.map_err(failed)?;
    session.insert(USER, name).await.map_err(failed)
}

async fn rename(session: Session, name: String) -> Result<(), StatusCode> {
    match session.get::<String>(USER).await.map_err(failed)? {
        Some(_) => session.insert(USER, name).await.map_err(failed),
        None => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn logout(State(io): State<SocketIo>, session: Session) -> Result<(), StatusCode> {
    let id = session.id();
    session.flush().await.map_err(failed)?;
    // First the session, then its sockets: who connects meanwhile is not let in any more.
    if let Some(id) = id {
        io.to(room(id)).disconnect_sockets(true).await;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: Error) -> StatusCode {
    eprintln!("session: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

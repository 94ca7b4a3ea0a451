//! Sessions of a web framework: a user logs in over HTTP, is authenticated on the socket, and is disconnected by
//! logging out over HTTP.
//!
//! The session layer wraps Socket.IO's layer, so that the request that opens a client's connection has the session as
//! an extension, which handlers extract. The environment variable `PORT` sets the port, by default 3000.

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

    // For `http://localhost` only. Otherwise, the cookie should be limited to HTTPS, which is the default.
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/rename", post(rename))
        .route("/logout", post(logout))
        .with_state(io.clone())
        .layer(io.layer())
        // Added last, so that it wraps the layer of Socket.IO.
        .layer(sessions);

    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service()).await
}

fn users(ns: &mut NamespaceBuilder) {
    // The handlers of a socket share one session handle. They run one at a time, so as not to overwrite each other's
    // changes.
    ns.concurrency(1);
    ns.middleware(async |Extension(session): Extension<Session>| match user(&session).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ConnectError::new("not logged in")),
        Err(_) => Err(ConnectError::new("session store unavailable")),
    });
    ns.on_connect(connected);
    ns.on("whoami", async |Extension(session): Extension<Session>| {
        Ok::<_, Error>(user(&session).await?.unwrap_or_default())
    });
    ns.on("count", count);
}

const USER: &str = "user";
const COUNT: &str = "count";

/// Returns the user currently logged in. Reloads the session, because a handle caches it and every request has its own
/// handle.
async fn user(session: &Session) -> Result<Option<String>, Error> {
    session.load().await?;
    session.get(USER).await
}

/// Returns the room of all sockets of a session, in any tab.
fn room(session: Id) -> String {
    format!("session {session}")
}

/// Joins the session's room, then checks the login. In this order, a concurrent logout is not missed: either it
/// disconnects the sockets in the room, or the check fails.
async fn connected(socket: Socket, Extension(session): Extension<Session>) -> Result<(), Error> {
    if let Some(id) = session.id() {
        socket.join(room(id));
    }
    if user(&session).await?.is_none() {
        socket.disconnect_client();
    }
    Ok(())
}

/// Increments a counter in the session, and saves the session explicitly, because no response does so.
async fn count(socket: Socket, Extension(session): Extension<Session>) -> Result<u32, Error> {
    if user(&session).await?.is_none() {
        // Saving would restore a session that was deleted.
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

/// Logs in. A real server would check a password.
async fn login(session: Session, name: String) -> Result<(), StatusCode> {
    // Prevents session fixation.
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
    // The session is deleted before its sockets are disconnected, so that sockets connecting meanwhile are rejected.
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

//! Tests of the namespace with in-memory clients, which set the extension of the session layer themselves.

use std::sync::Arc;

use axum::extract::State;
use socketio_tower::SocketIo;
use socketio_tower::testing::{ClientError, Disconnected, TestClient, TestSocket};
use tower_sessions::{MemoryStore, Session};

use super::{COUNT, login, logout, users};

fn server() -> SocketIo {
    let io = SocketIo::builder().keep_extension::<Session>().build();
    io.of("/", users);
    io
}

async fn tab(io: &SocketIo, session: Session) -> Result<TestSocket, ClientError> {
    TestClient::builder().extension(session).connect(io).await
}

#[tokio::test(start_paused = true)]
async fn who_logs_out_is_disconnected_in_every_tab() {
    let (io, store) = (server(), Arc::new(MemoryStore::default()));
    let session = Session::new(None, Arc::clone(&store), None);
    login(session.clone(), "ada".to_owned()).await.unwrap();
    session.save().await.unwrap();
    // Each request has its own handle.
    let handle = || Session::new(session.id(), Arc::clone(&store), None);
    let first = tab(&io, handle()).await.unwrap();
    let second = tab(&io, handle()).await.unwrap();

    assert_eq!(first.emit_with_ack::<_, String>("whoami", "").await.unwrap(), "ada");
    assert_eq!(first.emit_with_ack::<_, u32>("count", "").await.unwrap(), 1);
    assert_eq!(second.emit_with_ack::<_, u32>("count", "").await.unwrap(), 2);
    assert_eq!(handle().get::<u32>(COUNT).await.unwrap(), Some(2), "it is saved");

    logout(State(io.clone()), handle()).await.unwrap();
    assert_eq!(first.disconnected().await, Disconnected::ByServer);
    assert_eq!(second.disconnected().await, Disconnected::ByServer);
    assert_eq!(tab(&io, handle()).await.unwrap_err().message(), "not logged in");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_who_is_not_logged_in() {
    let session = Session::new(None, Arc::new(MemoryStore::default()), None);
    assert_eq!(tab(&server(), session).await.unwrap_err().message(), "not logged in");
}

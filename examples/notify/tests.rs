//! Tests of notifications with in-memory clients. The route is called as a function.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use socketio_tower::SocketIo;
use socketio_tower::testing::{ClientError, TestClient, TestSocket};

use super::{notify, users};

fn server() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", users);
    io
}

async fn tab(io: &SocketIo, hello: &Value) -> Result<TestSocket, ClientError> {
    TestClient::builder().open(io).await?.namespace("/").auth(hello).connect().await
}

async fn tell(io: &SocketIo, user: &str, notice: &str) -> Result<Value, StatusCode> {
    let answer = notify(State(io.clone()), Path(user.to_owned()), Json(json!(notice))).await;
    answer.map(|Json(answer)| answer)
}

#[tokio::test(start_paused = true)]
async fn all_tabs_of_one_user_are_told() {
    let io = server();
    let mut tabs = Vec::new();
    for user in ["ada", "ada", "bob"] {
        let tab = tab(&io, &json!({ "user": user })).await.expect("a user");
        assert_eq!(tab.expect::<String>("ready").await, user);
        tabs.push(tab);
    }
    assert_eq!(tell(&io, "ada", "mail").await, Ok(json!({ "sockets": 2 })));
    assert_eq!(tabs[0].expect::<String>("notice").await, "mail");
    assert_eq!(tabs[1].expect::<String>("notice").await, "mail");
    tabs[2].expect_nothing().await;

    for tab in tabs.drain(..2) {
        tab.client().close().await;
    }
    assert_eq!(tell(&io, "ada", "mail").await, Err(StatusCode::NOT_FOUND));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_no_user() {
    let io = server();
    for hello in [json!({}), json!({ "user": "" })] {
        assert_eq!(tab(&io, &hello).await.expect_err("rejected").message(), "user required");
    }
}

//! Tests of private messages with in-memory clients.

use serde_json::{Value, json};
use socketio_tower::testing::{ClientError, TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};

use super::{People, private_messages};

/// Creates a server with accounts for ada and bob, whose names are their tokens.
fn server() -> SocketIo {
    let people = People::default();
    assert!(people.login("ada", "ada") && people.login("bob", "bob"));
    let io = SocketIo::builder().state(people).build();
    io.of("/", private_messages);
    io
}

async fn connect(io: &SocketIo, token: &str) -> Result<TestSocket, ClientError> {
    let client = TestClient::builder().open(io).await?;
    client.namespace("/").auth(&json!({ "token": token })).connect().await
}

/// Connects a tab of a user and reads the list of online users.
async fn tab(io: &SocketIo, name: &str, online: &[&str]) -> TestSocket {
    let tab = connect(io, name).await.expect("a token");
    assert_eq!(tab.expect::<Value>("welcome").await, json!({ "name": name, "online": online }));
    tab
}

#[tokio::test(start_paused = true)]
async fn who_has_no_token_is_told_where_to_get_one() {
    let rejected = connect(&server(), "eve").await.expect_err("eve has no account");
    assert_eq!(rejected.message(), "unknown token");
    assert_eq!(rejected.data::<Value>().unwrap(), json!({ "login": "/login" }));
}

#[tokio::test(start_paused = true)]
async fn a_message_reaches_all_tabs_of_one_person() {
    let io = server();
    let ada = tab(&io, "ada", &["ada"]).await;
    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    assert_eq!(ada.expect::<String>("online").await, "bob");
    let other = tab(&io, "bob", &["ada", "bob"]).await;

    let answer = ada.emit_with_ack::<_, Value>("private message", &Args(("bob", "psst")));
    let message = other.expect_event("private message").await;
    assert_eq!(message.args::<Value>().unwrap(), json!({ "id": 1, "from": "ada", "text": "psst" }));
    message.ack(&());
    assert_eq!(answer.await.unwrap(), json!({ "delivered": true }), "one tab is enough");
    bob.expect_event("private message").await.ack(&());
    ada.expect_nothing().await;

    bob.client().close().await;
    ada.expect_nothing().await;
    other.client().close().await;
    assert_eq!(ada.expect::<String>("offline").await, "bob");
}

#[tokio::test(start_paused = true)]
async fn a_message_to_an_offline_user_is_stored_until_it_is_acknowledged() {
    let io = server();
    let ada = tab(&io, "ada", &["ada"]).await;
    let answer: Value = ada.emit_with_ack("private message", &Args(("bob", "later"))).await.unwrap();
    assert_eq!(answer, json!({ "delivered": false }));
    let answer: Value = ada.emit_with_ack("private message", &Args(("eve", "hm"))).await.unwrap();
    assert_eq!(answer, json!({ "error": "unknown user" }));

    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    drop(bob.expect_event("private message").await); // Not acknowledged.
    bob.client().lose_network();
    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    bob.expect_event("private message").await.ack(&());
    bob.expect_nothing().await;
    bob.client().close().await;
    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    bob.expect_nothing().await;
}

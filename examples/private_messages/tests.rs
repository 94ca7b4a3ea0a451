//! Private messages with clients in memory.

use serde_json::{Value, json};
use socketio_tower::testing::{ClientError, TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};

use super::{People, private_messages};

/// With the accounts of ada and bob. A name is its own token.
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

/// A tab of somebody, who has read who is online.
async fn tab(io: &SocketIo, name: &str, online: &[&str]) -> TestSocket {
    let tab = connect(io, name).await.expect("a token");
    assert_eq!(tab.expect::<Value>("welcome").await, json!({ "name": name, "online": online }));
    tab
}

#[tokio::test(start_paused = true)]
async fn who_has_no_token_is_told_where_to_get_one() {
    let refused = connect(&server(), "eve").await.expect_err("eve has no account");
    assert_eq!(refused.message(), "unknown token");
    assert_eq!(refused.data::<Value>().unwrap(), json!({ "login": "/login" }));
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
async fn a_message_waits_for_who_is_away_until_it_has_arrived() {
    let io = server();
    let ada = tab(&io, "ada", &["ada"]).await;
    let answer: Value = ada.emit_with_ack("private message", &Args(("bob", "later"))).await.unwrap();
    assert_eq!(answer, json!({ "delivered": false }));
    let answer: Value = ada.emit_with_ack("private message", &Args(("eve", "hm"))).await.unwrap();
    assert_eq!(answer, json!({ "error": "there is nobody of that name" }));

    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    drop(bob.expect_event("private message").await); // he does not say that he has it
    bob.client().lose_network();
    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    bob.expect_event("private message").await.ack(&());
    bob.expect_nothing().await;
    bob.client().close().await;
    let bob = tab(&io, "bob", &["ada", "bob"]).await;
    bob.expect_nothing().await;
}

//! Tests of the chat with in-memory clients.

use serde_json::{Value, json};
use socketio_tower::SocketIo;
use socketio_tower::testing::{ClientError, TestClient, TestSocket};

use super::{Hall, chat};

fn server() -> SocketIo {
    let io = SocketIo::builder().state(Hall::new()).build();
    io.of("/chat", chat);
    io
}

async fn enter(io: &SocketIo, nick: &str) -> Result<TestSocket, ClientError> {
    let client = TestClient::builder().open(io).await?;
    client.namespace("/chat").auth(&json!({ "nick": nick })).connect().await
}

/// Connects a client and reads the messages that every new client receives.
async fn entered(io: &SocketIo, nick: &str) -> TestSocket {
    let socket = enter(io, nick).await.expect("the nickname is free");
    let welcome: Value = socket.expect("welcome").await;
    assert_eq!((&welcome["nick"], &welcome["room"]), (&json!(nick), &json!("lobby")));
    socket.expect::<Value>("rooms").await;
    socket
}

#[tokio::test(start_paused = true)]
async fn a_message_reaches_the_room_but_not_who_wrote_it() {
    let io = server();
    let ada = entered(&io, "ada").await;
    let bob = entered(&io, "bob").await;
    assert_eq!(ada.expect::<Value>("joined").await, json!({ "room": "lobby", "nick": "bob" }));
    ada.expect::<Value>("rooms").await;

    let answer: Value = bob.emit_with_ack("message", "hello").await.unwrap();
    let message: Value = ada.expect("message").await;
    assert_eq!((&message["nick"], &message["text"]), (&json!("bob"), &json!("hello")));
    assert_eq!(message["at"], answer["at"]);
    bob.expect_nothing().await;

    let answer: Value = bob.emit_with_ack("message", &"x".repeat(2001)).await.unwrap();
    assert_eq!(answer["error"], "A message has 1 to 2000 characters.");
    ada.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_nickname_is_free_again_when_its_owner_is_gone() {
    let io = server();
    let ada = entered(&io, "ada").await;
    let rejected = enter(&io, "Ada").await.unwrap_err();
    assert_eq!(rejected.message(), "nickname taken");
    assert_eq!(enter(&io, "a b").await.unwrap_err().message(), "nickname invalid");

    let bob = entered(&io, "bob").await;
    ada.client().lose_network();
    assert_eq!(bob.expect::<Value>("left").await, json!({ "room": "lobby", "nick": "ada" }));
    entered(&io, "ada").await;
}

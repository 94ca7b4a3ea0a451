//! Tests of the namespace with in-memory clients.

use serde_json::{Value, json};
use socketio_tower::testing::{TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};

use super::Nicknames;

fn server() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.handlers(Nicknames::default());
    });
    io
}

async fn ask(socket: &TestSocket, event: &str, argument: &str) -> Value {
    socket.emit_with_ack(event, argument).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn a_name_is_its_owners_until_they_leave() {
    let io = server();
    let ada = TestClient::connect(&io).await.unwrap();
    let bob = TestClient::connect(&io).await.unwrap();
    assert_eq!(ask(&ada, "nickname", "ada").await, Value::Null);
    assert_eq!(bob.expect::<String>("announcement").await, "ada is here");
    for socket in [&ada, &bob] {
        assert_eq!(socket.expect::<Vec<String>>("nicknames").await, ["ada"]);
    }
    assert_eq!(ask(&bob, "nickname", "ada").await, json!({ "error": "nickname already taken" }));
    assert_eq!(ask(&bob, "nickname", "").await, json!({ "error": "a nickname has 1 to 20 characters" }));

    assert_eq!(ask(&ada, "nickname", "lovelace").await, Value::Null);
    assert_eq!(bob.expect::<String>("announcement").await, "ada is now lovelace");
    assert_eq!(bob.expect::<Vec<String>>("nicknames").await, ["lovelace"]);

    ada.client().close().await;
    assert_eq!(bob.expect::<String>("announcement").await, "lovelace has left");
    assert!(bob.expect::<Vec<String>>("nicknames").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_speaks_has_a_name() {
    let io = server();
    let ada = TestClient::connect(&io).await.unwrap();
    let bob = TestClient::connect(&io).await.unwrap();
    assert_eq!(ask(&ada, "user message", "hi").await, json!({ "error": "take a nickname first" }));
    ask(&ada, "nickname", "ada").await;
    bob.expect_event("announcement").await;
    bob.expect_event("nicknames").await;
    assert_eq!(ask(&ada, "user message", "hi").await, Value::Null);
    let Args((who, text)): Args<(String, String)> = bob.expect("user message").await;
    assert_eq!((who.as_str(), text.as_str()), ("ada", "hi"));
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_what_it_did_wrong() {
    let io = server();
    let ada = TestClient::connect(&io).await.unwrap();
    assert_eq!(ask(&ada, "nick", "ada").await, json!({ "error": "unknown event" }));
    let answer: Value = ada.emit_with_ack("nickname", &7).await.unwrap();
    assert!(answer["error"].as_str().is_some_and(|why| why.contains("expected a string")), "{answer}");
}

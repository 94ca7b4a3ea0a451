//! Tests of the bridge with in-memory clients.

use serde_json::{Value, json};
use socketio_tower::testing::{TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};
use tokio::sync::broadcast;

use super::{MAX_TOPIC_LENGTH, MAX_TOPICS, Message, bridge, topics};

fn server() -> (SocketIo, broadcast::Sender<Message>) {
    let (source, subscription) = broadcast::channel(16);
    let io = SocketIo::new();
    io.of("/", topics);
    tokio::spawn(bridge(subscription, io.clone()));
    (io, source)
}

async fn ask(socket: &TestSocket, event: &str, topic: &str) -> Value {
    socket.emit_with_ack(event, topic).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn messages_reach_those_who_have_subscribed() {
    let (io, source) = server();
    let ada = TestClient::connect(&io).await.unwrap();
    let bob = TestClient::connect(&io).await.unwrap();
    assert_eq!(ask(&ada, "subscribe", "news").await, json!(["news"]));
    source.send(Message { topic: "news".into(), text: "first".into() }).unwrap();
    let Args((topic, text)): Args<(String, String)> = ada.expect("message").await;
    assert_eq!((topic.as_str(), text.as_str()), ("news", "first"));
    bob.expect_nothing().await;

    assert_eq!(ask(&ada, "unsubscribe", "news").await, json!([]));
    source.send(Message { topic: "news".into(), text: "second".into() }).unwrap();
    ada.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn names_and_numbers_are_bounded() {
    let (io, _source) = server();
    let ada = TestClient::connect(&io).await.unwrap();
    for name in [String::new(), "x".repeat(MAX_TOPIC_LENGTH + 1)] {
        let refusal = json!({ "error": "the name of a topic has 1 to 64 bytes" });
        assert_eq!(ask(&ada, "subscribe", &name).await, refusal);
    }
    for number in 0..MAX_TOPICS {
        ask(&ada, "subscribe", &format!("topic {number}")).await;
    }
    assert_eq!(ask(&ada, "subscribe", "one more").await, json!({ "error": "too many topics" }));
    let mine = ask(&ada, "subscribe", "topic 0").await;
    assert_eq!(mine.as_array().map(Vec::len), Some(MAX_TOPICS), "subscribing again is allowed");
}

#[tokio::test(start_paused = true)]
async fn nobody_reads_what_is_another_sockets() {
    let (io, _source) = server();
    let ada = TestClient::connect(&io).await.unwrap();
    let eve = TestClient::connect(&io).await.unwrap();
    ask(&eve, "subscribe", ada.id().as_str()).await;
    io.to(ada.id()).emit("message", "for ada");
    assert_eq!(ada.expect::<String>("message").await, "for ada");
    eve.expect_nothing().await;
}

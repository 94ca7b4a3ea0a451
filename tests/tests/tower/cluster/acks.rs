//! Broadcasts that collect the acks of all nodes.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use socketio_tower::testing::{TestSocket, settled};
use socketio_tower::{AckError, Args};
use tokio::time::Instant;

use super::nodes::{Nodes, wires};

async fn answer<T: serde::Serialize>(client: &TestSocket, value: T) {
    client.expect_event("question").await.ack(&value);
}

#[tokio::test(start_paused = true)]
async fn all_acks_come_from_all_nodes() {
    for wire in wires() {
        let nodes = Nodes::start(3, wire, |_| {}).await;
        let [a, b, c] = nodes.clients().await;
        let start = Instant::now();
        let mut question = nodes[0].emit_with_ack::<_, u32>("question", "how many?");
        assert_eq!(question.remaining(), 1, "those of this node are known at once");
        for (client, value) in [(&c, 3), (&a, 1), (&b, 2)] {
            answer(client, value).await;
            assert_eq!(question.next().await.unwrap().unwrap(), value);
        }
        assert!(question.next().await.is_none());
        assert!(start.elapsed() < Duration::from_secs(1));

        // Several arguments, and binary.
        let question = nodes[1].to(c.id().as_str()).emit_with_ack::<_, Args<(u8, Bytes)>>("question", "");
        c.expect_event("question").await.ack(&Args((7, Bytes::from_static(b"\x01"))));
        let answers = question.await;
        assert!(matches!(&answers[..], [Ok(Args((7, bytes)))] if bytes == &b"\x01"[..]), "{answers:?}");
        assert!(nodes[0].to("nobody").emit_with_ack::<_, u8>("question", "").await.is_empty());
        assert_eq!(nodes[0].stats().cluster.unwrap().questions, 0);
    }
}

/// A socket that leaves, and one that stays silent, are reported as by one server.
#[tokio::test(start_paused = true)]
async fn sockets_that_do_not_answer_are_told() {
    for wire in wires() {
        let nodes = Nodes::start(3, wire, |_| {}).await;
        let [a, b, _silent] = nodes.clients().await;
        let start = Instant::now();
        let timeout = Duration::from_secs(3);
        let mut question = nodes[0].timeout(timeout).emit_with_ack::<_, u32>("question", "");
        answer(&a, 1).await;
        assert!(matches!(question.next().await, Some(Ok(1))));
        b.disconnect();
        assert!(matches!(question.next().await, Some(Err(AckError::Disconnected))));
        assert!(start.elapsed() < Duration::from_secs(1), "it is known when a socket has left");
        assert!(matches!(question.next().await, Some(Err(AckError::TimedOut))));
        assert!(question.next().await.is_none());
        assert!(start.elapsed() < timeout + Duration::from_millis(100), "{:?}", start.elapsed());
    }
}

/// A caller that stops waiting leaves nothing behind, on either node.
#[tokio::test(start_paused = true)]
async fn a_question_may_be_given_up() {
    let nodes = Nodes::start(2, wires()[0].clone(), |_| {}).await;
    let [_a, b] = nodes.clients().await;
    let question = nodes[0].timeout(Duration::MAX).emit_with_ack::<_, u32>("question", "");
    settled().await;
    assert_eq!(nodes[0].stats().cluster.unwrap().questions, 1);
    assert_eq!(nodes[1].stats().cluster.unwrap().answering, 1);
    drop(question);
    assert_eq!(nodes[0].stats().cluster.unwrap().questions, 0);
    answer(&b, 1).await;
    settled().await;
    assert_eq!(nodes[1].stats().cluster.unwrap().answering, 0);
}

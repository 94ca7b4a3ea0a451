//! Broadcasts that collect acks.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use socketio_tower::testing::{TestClient, TestSocket, settled};
use socketio_tower::{AckError, RawArgs, Socket, SocketIo};
use tokio::time::Instant;

use crate::fleet::{Fleet, alone_and_clustered};

/// Returns a server whose sockets on `/` all join the room `all`.
fn server() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("all");
            socket.join("twice");
        });
    });
    io
}

async fn clients<const N: usize>(io: &Fleet) -> [TestSocket; N] {
    let mut clients = Vec::new();
    for _ in 0..N {
        clients.push(TestClient::connect(io.host()).await.expect("it is let in"));
    }
    settled().await;
    clients.try_into().expect("as many as were asked for")
}

async fn answer(client: &TestSocket, value: impl serde::Serialize) {
    client.expect_event("question").await.ack(&value);
}

alone_and_clustered! {
    /// fault 22: a broadcast reached a socket in two of the target rooms twice.
    async fn all_answers_come_at_once_or_one_by_one(io: Fleet) {
        let [a, b, c] = clients(&io).await;
        let question =
            io.to("all").to("twice").except(c.id().as_str()).emit_with_ack::<_, u32>("question", "how many?");
        // Those of other nodes become known while it is polled.
        assert_eq!(question.remaining(), io.to("all").except(c.id().as_str()).count());
        answer(&b, 2).await;
        answer(&a, 1).await;
        c.expect_nothing().await;
        let mut answers: Vec<_> = question.await.into_iter().map(Result::unwrap).collect();
        answers.sort_unstable();
        assert_eq!(answers, [1, 2]);

        let mut question = io.emit_with_ack::<_, String>("question", "who?");
        answer(&c, "c").await;
        assert_eq!(question.next().await.unwrap().unwrap(), "c");
        // An ack of the wrong type is the error of one client only.
        answer(&a, json!({ "not": "a string" })).await;
        assert!(matches!(question.next().await, Some(Err(AckError::Unexpected(_)))));
        answer(&b, "b").await;
        assert_eq!(question.next().await.unwrap().unwrap(), "b");
        assert!(question.next().await.is_none());
    }

    async fn what_is_missing_is_told_after_the_timeout(io: Fleet) {
        let [a, _b] = clients(&io).await;
        let start = Instant::now();
        let question = io.timeout(Duration::from_secs(3)).emit_with_ack::<_, u32>("question", "");
        answer(&a, 1).await;
        let answers = question.await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(matches!(answers[..], [Ok(1), Err(AckError::TimedOut)]), "{answers:?}");
    }

    /// fault 14: acks of sockets that had left were waited for until the timeout.
    async fn those_who_leave_are_not_waited_for(io: Fleet) {
        let [a, b, c] = clients(&io).await;
        let start = Instant::now();
        let question = io.timeout(Duration::from_secs(1000)).emit_with_ack::<_, u32>("question", "");
        answer(&a, 1).await;
        b.disconnect();
        c.client().lose_network();
        let mut answers = question.await;
        answers.sort_by_key(Result::is_err);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(
            matches!(answers[..], [Ok(1), Err(AckError::Disconnected), Err(AckError::Disconnected)]),
            "{answers:?}"
        );
    }

    async fn nobody_answers_nothing(io: Fleet) {
        assert!(io.emit_with_ack::<_, u32>("question", "").await.is_empty());
        let refused = io.emit_with_ack::<_, u32>("connect", "").await;
        assert!(matches!(refused[..], [Err(AckError::Invalid(_))]));
    }

    /// A caller that stops waiting leaves nothing behind: late acks are ignored.
    async fn a_question_may_be_given_up(io: Fleet) {
        let [a] = clients(&io).await;
        drop(io.emit_with_ack::<_, u32>("question", ""));
        answer(&a, 1).await;
        let question = io.emit_with_ack::<_, u32>("question", "");
        answer(&a, 2).await;
        assert!(matches!(question.await[..], [Ok(2)]));
    }
}

/// Raw arguments pass unparsed in both directions, byte for byte.
#[tokio::test(start_paused = true)]
async fn raw_arguments_pass_unparsed() {
    let io = server();
    io.of("/", |ns| {
        ns.on("echo", async |event: socketio_tower::Event| event.args().clone());
        ns.on("relay", async |socket: Socket, event: socketio_tower::Event| {
            socket.emit("relay", event.args())
        });
        ns.on("raw", async |socket: Socket| {
            let raw = serde_json::value::RawValue::from_string("{ \"odd\" :  1e2 }".to_owned())?;
            socket.emit("raw", &*raw);
            Ok::<_, serde_json::Error>(())
        });
    });
    let server = crate::client::Server::start(&io);
    let mut ws = crate::client::Ws::connect(&server.address).await;
    ws.send(r#"420["echo", {"a" : 1.50},"x" ]"#).await;
    ws.expect(r#"430[{"a" : 1.50},"x"]"#).await;
    ws.send(r#"42["raw"]"#).await;
    ws.expect(r#"42["raw",{ "odd" :  1e2 }]"#).await;
    ws.send(r#"42["relay"]"#).await;
    ws.expect(r#"42["relay"]"#).await;

    let client = TestClient::connect(&io).await.unwrap();
    let bytes = bytes::Bytes::from_static(b"\x00\x01");
    let echoed: bytes::Bytes = client.emit_with_ack("echo", &bytes).await.unwrap();
    assert_eq!(echoed, bytes);
    let raw: RawArgs = client.emit_with_ack("echo", &socketio_tower::Args((&bytes, 7))).await.unwrap();
    assert_eq!(raw.json(), r#"{"_placeholder":true,"num":0},7"#);
    assert_eq!(raw.attachments(), [bytes]);
}

alone_and_clustered! {
    /// CVE-2026-33151: stock clients close the connection on more than ten attachments, so the caller gets an error.
    async fn more_attachments_than_clients_accept_are_refused(io: Fleet) {
        let [client] = clients(&io).await;
        let many = |count| vec![bytes::Bytes::from_static(b"x"); count];
        match io.emit("many", &many(11)) {
            socketio_tower::EmitStatus::Invalid(error) => {
                assert_eq!(error.to_string(), "11 binary attachments; stock clients accept 10 at most");
            }
            other => panic!("{other:?}"),
        }
        assert!(io.emit("many", &many(10)).is_queued());
        assert_eq!(client.expect::<Vec<bytes::Bytes>>("many").await.len(), 10);
    }
}

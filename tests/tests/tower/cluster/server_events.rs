//! Events from node to node.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use socketio_tower::cluster::ClusterEvent;
use socketio_tower::extract::{Path, State};
use socketio_tower::testing::settled;
use socketio_tower::{AckError, Args, Data, EmitStatus, Event, NoArgs, SetupError, SocketIo};
use tokio::sync::Semaphore;

use super::nodes::{Nodes, wires};
use crate::client::Log;

#[tokio::test(start_paused = true)]
async fn each_other_node_handles_and_answers() {
    for wire in wires() {
        let log = Arc::new(Log::default());
        let mut nodes = Nodes::start(0, wire, |_| {}).await;
        for name in ["one", "two", "three"] {
            let builder = SocketIo::builder().state((name, Arc::clone(&log)));
            nodes
                .add(builder, |ns| {
                    ns.on_server_event("who?", async |State((name, _)): State<(&'static str, Arc<Log>)>| {
                        name
                    });
                    ns.on_server_event(
                        "note",
                        async |State((name, log)): State<(&'static str, Arc<Log>)>,
                               Args((a, b)): Args<(u8, Bytes)>| {
                            log.add(format!("{name} {a} {b:?}"));
                        },
                    );
                    ns.on_server_event("echo", async |event: Event| event.args().clone());
                })
                .await;
        }
        let mut names: Vec<String> = nodes[0]
            .server_side_emit_with_ack("who?", &NoArgs)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        names.sort();
        assert_eq!(names, ["three", "two"]);
        assert_eq!(
            nodes[0].server_side_emit("note", &Args((7, Bytes::from_static(b"x")))),
            EmitStatus::Queued
        );
        settled().await;
        let mut lines = log.lines();
        lines.sort();
        assert_eq!(lines, [r#"three 7 b"x""#, r#"two 7 b"x""#]);
        let args = Args((1, Bytes::from_static(b"y")));
        for echo in nodes[0].server_side_emit_with_ack::<_, Args<(u8, Bytes)>>("echo", &args).await {
            assert_eq!(echo.unwrap(), args);
        }
    }
}

/// A node without a handler, or whose handler fails, says so: Node lets the asking one wait.
#[tokio::test(start_paused = true)]
async fn those_that_cannot_answer_say_so() {
    for wire in wires() {
        let log = Arc::new(Log::default());
        let mut nodes = Nodes::start(2, wire, |_| {}).await;
        let sink = Arc::clone(&log);
        let builder = SocketIo::builder().on_cluster(move |event| {
            if let ClusterEvent::ServerEventFailed { namespace, event, reason } = event {
                sink.add(format!("{namespace} {event}: {reason}"));
            }
        });
        nodes
            .add(builder, |ns| {
                ns.on_server_event("half", async |Data(n): Data<u32>| {
                    assert_ne!(n, 1, "a handler's fault");
                    if n % 2 == 0 { Ok(n / 2) } else { Err("odd") }
                });
            })
            .await;
        let start = tokio::time::Instant::now();
        for (number, expected) in [
            ("4", Ok(2)),
            ("3", Err(AckError::NoHandler)),
            ("1", Err(AckError::NoHandler)),
            ("\"x\"", Err(AckError::NoHandler)),
        ] {
            let number: serde_json::Value = serde_json::from_str(number).unwrap();
            let mut answers = nodes[0].server_side_emit_with_ack::<_, u32>("half", &number).await;
            answers.sort_by_key(|answer| answer.is_ok());
            assert_eq!(answers, [Err(AckError::NoHandler), expected]);
        }
        assert!(start.elapsed() < Duration::from_secs(1));
        settled().await;
        let lines = log.lines();
        assert_eq!(lines[0], "/ half: the handler failed: odd");
        assert_eq!(lines[1], "/ half: the handler panicked");
        assert!(lines[2].starts_with("/ half: an argument could not be extracted"), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn they_belong_to_a_namespace() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, |_| {}).await;
        for io in &nodes.nodes {
            io.of("/orders/{id}", |ns| ns.on_server_event("id?", async |Path(id): Path<u32>| id));
        }
        let client = socketio_tower::testing::TestClient::builder().open(&nodes[1]).await.unwrap();
        let _seven = client.namespace("/orders/7").connect().await.unwrap();
        settled().await;
        let orders = nodes[0].namespace("/orders/7").unwrap();
        assert_eq!(orders.server_side_emit_with_ack::<_, u32>("id?", "").await, [Ok(7)]);
        let none = nodes[0].namespace("/orders/8").unwrap();
        assert!(none.server_side_emit_with_ack::<_, u32>("id?", "").await.is_empty());
    }
}

/// Handlers begin in the order of arrival. No more than 64 are suspended at once; what waits is bounded and refused.
#[tokio::test(start_paused = true)]
async fn what_waits_for_handlers_is_bounded() {
    let gate = Arc::new(Semaphore::new(0));
    let running = Arc::new(AtomicUsize::new(0));
    let mut nodes = Nodes::start(1, wires()[0].clone(), |_| {}).await;
    let builder = SocketIo::builder().state((Arc::clone(&gate), Arc::clone(&running)));
    nodes
        .add(builder, |ns| {
            ns.on_server_event(
                "work",
                async |State((gate, running)): State<(Arc<Semaphore>, Arc<AtomicUsize>)>| {
                    running.fetch_add(1, Ordering::Relaxed);
                    gate.acquire().await.unwrap().forget();
                },
            );
        })
        .await;
    let stats = || nodes[1].stats().cluster.unwrap();
    for _ in 0..5000 {
        nodes[0].server_side_emit("work", "x");
    }
    settled().await;
    assert_eq!(running.load(Ordering::Relaxed), 64);
    assert_eq!(stats().answering + stats().refused as usize, 5000);
    assert!(stats().answering_bytes > 0 && stats().answering <= 64 + 4096, "{:?}", stats());
    gate.add_permits(5000);
    settled().await;
    assert_eq!(running.load(Ordering::Relaxed) + stats().refused as usize, 5000);
    assert_eq!((stats().answering, stats().answering_bytes), (0, 0));
}

#[test]
fn names_are_checked_as_on_node() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_server_event("connection", async || ());
        ns.on_server_event("twice", async || ());
        ns.on_server_event("twice", async || ());
    });
    let errors: Vec<_> = io.try_layer().unwrap_err().iter().cloned().collect();
    let twice = SetupError::SetTwice {
        namespace: "/".to_owned(),
        method: r#"on_server_event("twice", …)"#.to_owned(),
    };
    assert_eq!(errors, [SetupError::ReservedEvent("connection".to_owned()), twice]);
    for reserved in ["connect", "disconnect", "connection", "new_namespace"] {
        assert!(matches!(io.server_side_emit(reserved, ""), EmitStatus::Invalid(_)), "{reserved}");
    }
}

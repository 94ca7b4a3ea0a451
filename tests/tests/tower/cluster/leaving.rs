//! Nodes that leave: the others do not wait for their answers, and their last messages are published.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::cluster::ClusterState;
use socketio_tower::extract::State;
use socketio_tower::testing::settled;
use socketio_tower::{EmitStatus, NamespaceHandle, NoArgs, SocketIo};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::nodes::{Nodes, wires};

/// Starts a node, and two whose handlers answer when the semaphore permits it.
async fn with_slow_handlers(wire: socketio_tower::cluster::Wire) -> (Nodes, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let mut nodes = Nodes::start(1, wire, |_| {}).await;
    for name in ["one", "two"] {
        let builder = SocketIo::builder().state((name, Arc::clone(&permits)));
        nodes
            .add(builder, |ns| {
                ns.on_server_event(
                    "who?",
                    async |State((name, permits)): State<(&'static str, Arc<Semaphore>)>| {
                        permits.acquire().await.expect("it is open").forget();
                        name
                    },
                );
            })
            .await;
    }
    (nodes, permits)
}

async fn ask(io: SocketIo) -> Vec<String> {
    let mut names: Vec<String> = io
        .server_side_emit_with_ack("who?", &NoArgs)
        .await
        .into_iter()
        .map(|answer| answer.expect("each node answers"))
        .collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_answers_what_it_was_asked() {
    for wire in wires() {
        let (nodes, permits) = with_slow_handlers(wire).await;
        let asked = tokio::spawn(ask(nodes[0].clone()));
        settled().await;
        let leaving = nodes[2].clone();
        let leaving = tokio::spawn(async move { leaving.close(Duration::from_secs(3)).await });
        settled().await;
        assert!(!leaving.is_finished(), "it has not answered");

        // From now on, it is not asked.
        let begun = Instant::now();
        let asked_later = tokio::spawn(ask(nodes[0].clone()));
        settled().await;
        permits.add_permits(3);
        assert_eq!(asked.await.unwrap(), ["one", "two"]);
        assert_eq!(asked_later.await.unwrap(), ["one"]);
        assert!(leaving.await.unwrap());
        assert!(begun.elapsed() < Duration::from_millis(10), "nobody has waited for a deadline");
        settled().await;
        assert_eq!(nodes[0].cluster().unwrap().peers().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_answer_ends_with_the_node() {
    let (nodes, _permits) = with_slow_handlers(wires()[0].clone()).await;
    let asked = nodes[0].clone();
    let asked = tokio::spawn(async move { asked.server_side_emit_with_ack::<_, String>("who?", "").await });
    settled().await;
    let begun = Instant::now();
    nodes[2].close(Duration::from_secs(2)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert!(matches!(nodes[2].cluster().unwrap().state(), ClusterState::Left));
    assert_eq!(asked.await.unwrap().len(), 1, "of the node that is still there");
    let stats = nodes[2].stats().cluster.unwrap();
    assert_eq!((stats.answering, stats.answering_bytes, stats.questions), (0, 0, 0));
}

/// The driver leaves, even if the future that waits for it is dropped.
#[tokio::test(start_paused = true)]
async fn a_close_that_is_not_awaited_goes_on() {
    let (nodes, permits) = with_slow_handlers(wires()[0].clone()).await;
    let asked = tokio::spawn(ask(nodes[0].clone()));
    settled().await;
    let closing = nodes[2].close(Duration::from_secs(4));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), closing).await.is_err(),
        "its handler has not answered"
    );
    let other = nodes[2].clone();
    let other = tokio::spawn(async move { other.close(Duration::from_secs(4)).await });
    settled().await;
    assert!(!other.is_finished(), "nor for another caller");
    permits.add_permits(2);
    assert_eq!(asked.await.unwrap(), ["one", "two"]);
    other.await.unwrap();
    assert!(matches!(nodes[2].cluster().unwrap().state(), ClusterState::Left));
    settled().await;
    assert_eq!(nodes[0].cluster().unwrap().peers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_emit_while_its_node_leaves() {
    for wire in wires() {
        let permits = Arc::new(Semaphore::new(0));
        let mut nodes = Nodes::start(1, wire, |_| {}).await;
        let builder = SocketIo::builder().state(Arc::clone(&permits));
        nodes
            .add(builder, |ns| {
                ns.on_server_event(
                    "late",
                    async |State(permits): State<Arc<Semaphore>>, io: NamespaceHandle| {
                        permits.acquire().await.expect("it is open").forget();
                        assert_eq!(io.emit("news", "the last"), EmitStatus::Queued);
                    },
                );
            })
            .await;
        let [client] = nodes.clients().await;
        nodes[0].server_side_emit("late", "");
        settled().await;
        let leaving = nodes[1].clone();
        let leaving = tokio::spawn(async move { leaving.close(Duration::MAX).await });
        settled().await;
        permits.add_permits(1);
        leaving.await.unwrap();
        assert_eq!(client.expect::<String>("news").await, "the last");
    }
}

/// Without a connection, only what may still be published is waited for.
#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_broker_that_is_away() {
    let nodes = Nodes::start(2, wires()[1].clone(), |_| {}).await;
    nodes.bus.set_available(false);
    settled().await;
    let begun = Instant::now();
    nodes[1].close(Duration::from_secs(30)).await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "nothing is queued");

    assert_eq!(nodes[0].emit("last", "words"), EmitStatus::Local);
    nodes[0].close(Duration::from_secs(30)).await;
    let waited = begun.elapsed().as_secs();
    assert!((5..8).contains(&waited), "until it is too old: {waited} s");
    assert_eq!(nodes[0].stats().cluster.unwrap().dropped, 1);
}

#[tokio::test(start_paused = true)]
async fn last_words_are_published_when_the_broker_is_back() {
    let nodes = Nodes::start(2, wires()[1].clone(), |_| {}).await;
    let published = nodes[0].stats().cluster.unwrap().published;
    nodes.bus.set_available(false);
    settled().await;
    let begun = Instant::now();
    assert_eq!(nodes[0].emit("last", "words"), EmitStatus::Local);
    let leaving = nodes[0].clone();
    let leaving = tokio::spawn(async move { leaving.close(Duration::from_secs(30)).await });
    settled().await;
    nodes.bus.set_available(true);
    leaving.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "as soon as it is connected again");
    let stats = nodes[0].stats().cluster.unwrap();
    // With the hello of the new connection, and the goodbye.
    assert_eq!((stats.published - published, stats.dropped), (3, 0));
}

/// A server whose last handle is dropped says goodbye, too.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_says_goodbye() {
    for wire in wires() {
        let mut nodes = Nodes::start(2, wire, |_| {}).await;
        nodes[1].server_side_emit("last", "words");
        drop(nodes.nodes.pop());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(nodes[0].cluster().unwrap().peers().is_empty(), "without ten seconds of silence");
    }
}

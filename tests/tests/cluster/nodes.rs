use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use socketio_tests::servers::Redis;
use socketio_tower::cluster::{self, ClusterEvent, ClusterStats};
use socketio_tower::testing::{TestClient, TestEvent, TestSocket};
use socketio_tower::{NamespaceBuilder, SocketIo};

/// No step of a test takes longer unless something is wrong.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns a running Redis, or ends the test.
macro_rules! redis {
    () => {
        redis!(Redis::options())
    };
    ($options:expr) => {
        match $options.start() {
            Some(redis) => redis,
            None => {
                eprintln!("skipped: there is no redis-server");
                return;
            }
        }
    };
}
pub(crate) use redis;

/// A server in a cluster, with a client.
pub(crate) struct Node {
    pub(crate) io: SocketIo,
    pub(crate) client: TestSocket,
    events: Arc<Mutex<Vec<ClusterEvent>>>,
}

impl Node {
    /// Starts a server whose namespace `/` has these handlers, and connects a client.
    pub(crate) async fn start(url: &str, define: impl Fn(&mut NamespaceBuilder)) -> Self {
        let node = Self::start_lazily(cluster::Redis::classic(url).expect("a URL"), define).await;
        node.is_up().await;
        node
    }

    /// Does the same without waiting for the connection to the cluster.
    pub(crate) async fn start_lazily(redis: cluster::Redis, define: impl Fn(&mut NamespaceBuilder)) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        let io = SocketIo::builder()
            .on_cluster(move |event| sink.lock().expect("no panic inside").push(event.clone()))
            .build();
        io.of("/", |ns| define(ns));
        io.join_cluster(redis).lazily().expect("it is the first");
        let client = TestClient::connect(&io).await.expect("it is let in");
        Self { io, client, events }
    }

    /// Waits for an event of the client, and drops those before it.
    pub(crate) async fn hears(&self, name: &str) -> TestEvent {
        let heard = async {
            loop {
                let event = self.client.next_event().await.expect("it is connected");
                if event.name() == name {
                    return event;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, heard).await.expect("it is heard")
    }

    pub(crate) async fn is_up(&self) {
        until("the node is up", || self.stats().up).await;
    }

    pub(crate) async fn is_down(&self) {
        until("the node is down", || !self.stats().up).await;
    }

    pub(crate) fn stats(&self) -> ClusterStats {
        self.io.stats().cluster.expect("it has joined")
    }

    pub(crate) fn events(&self) -> Vec<ClusterEvent> {
        self.events.lock().expect("no panic inside").clone()
    }
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting: {what}");
        tick.tick().await;
    }
}

/// Starts two servers.
pub(crate) async fn pair(redis: &Redis) -> [Node; 2] {
    let nodes = [Node::start(&redis.url(), |_| {}).await, Node::start(&redis.url(), |_| {}).await];
    for node in &nodes {
        until("they know each other", || node.stats().peers == 1).await;
    }
    nodes
}

/// Broadcasts numbers from one server until the client of another receives one.
pub(crate) async fn until_heard(from: &Node, to: &Node, number: &mut u32) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        assert!(Instant::now() < deadline, "{number} was not heard");
        *number += 1;
        from.io.emit("number", &*number);
        let next = tokio::time::timeout(Duration::from_millis(50), to.client.next_event()).await;
        let Ok(Some(event)) = next else { continue };
        if event.name() != "number" {
            continue;
        }
        assert!(event.args::<u32>().expect("a number") <= *number);
        // Nothing older follows.
        while event_is_older(to, *number).await {}
        return;
    }
}

async fn event_is_older(to: &Node, number: u32) -> bool {
    let next = tokio::time::timeout(Duration::from_millis(20), to.client.next_event()).await;
    matches!(next, Ok(Some(event)) if event.name() != "number" || event.args::<u32>().expect("a number") <= number)
}

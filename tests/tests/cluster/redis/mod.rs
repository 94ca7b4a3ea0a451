//! The backend alone, without a server: connections, orders and what is received.

mod connecting;
mod fakes;
mod faults;
mod orders;
mod sentinels;
mod users;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use socketio_tower::cluster::{Backend, BackendError, Redis, Subscription};
use socketio_tower::testing::TestNode;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::nodes::TIMEOUT;

/// A backend with a node, and what the node has received.
struct Served {
    backend: Arc<Redis>,
    node: TestNode,
    received: mpsc::UnboundedReceiver<(Bytes, Bytes)>,
    serving: JoinHandle<BackendError>,
}

impl Served {
    /// Serves a node with these subscriptions, and waits until it is up.
    async fn start(redis: Redis, subscriptions: impl IntoIterator<Item = Subscription>) -> Self {
        let served = Self::attempt(redis, subscriptions);
        served.up().await;
        served
    }

    /// Serves a node.
    fn attempt(redis: Redis, subscriptions: impl IntoIterator<Item = Subscription>) -> Self {
        let backend = Arc::new(redis);
        let (sender, received) = mpsc::unbounded_channel();
        let node = TestNode::new(&*backend, move |channel, payload| {
            sender.send((Bytes::copy_from_slice(channel), payload.clone())).ok();
        });
        node.subscribe(subscriptions, []);
        let serving = serve(&backend, &node);
        Self { backend, node, received, serving }
    }

    async fn up(&self) {
        timeout(TIMEOUT, self.node.up()).await.expect("it is up");
    }

    /// Serves the node again after the end of its connection.
    fn serve(&mut self) {
        self.serving = serve(&self.backend, &self.node);
    }

    /// Does so, and waits until the node is up.
    async fn again(&mut self) {
        self.serve();
        self.up().await;
    }

    /// Waits for the end of the connection, and returns its reason.
    async fn lost(&mut self) -> String {
        let error = timeout(TIMEOUT, &mut self.serving).await.expect("it ends").expect("it does not panic");
        self.node.down(&error);
        error.to_string()
    }

    /// Waits for a message, and returns its channel and its text.
    async fn next(&mut self) -> (String, String) {
        let message =
            timeout(TIMEOUT, self.received.recv()).await.expect("a message").expect("the node lives");
        let text = |bytes: Bytes| String::from_utf8(bytes.into()).expect("text");
        (text(message.0), text(message.1))
    }

    /// Publishes a message, and returns the number of its receivers.
    async fn publish(&self, channel: &'static str, payload: &'static str) -> Option<usize> {
        timeout(TIMEOUT, self.node.publish_and_count(channel, payload))
            .await
            .expect("a reply")
            .expect("it is taken")
    }

    /// Returns the number of subscribers of a channel.
    async fn count(&self, channel: &'static str) -> Option<usize> {
        timeout(TIMEOUT, self.node.count(channel)).await.expect("a reply").expect("an answer")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn serve(backend: &Arc<Redis>, node: &TestNode) -> JoinHandle<BackendError> {
    let (backend, mut bus) = (Arc::clone(backend), node.bus());
    tokio::spawn(async move { backend.serve(&mut bus).await })
}

fn classic(url: &str) -> Redis {
    Redis::classic(url).expect("a URL").connect_timeout(TIMEOUT)
}

fn channel(name: impl Into<Bytes>) -> Subscription {
    Subscription::Channel(name.into())
}

fn pattern(name: impl Into<Bytes>) -> Subscription {
    Subscription::Pattern(name.into())
}

/// The time after which the backend sends a PING, and that after which it gives up.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const KNOWN_AFTER: Duration = Duration::from_secs(8);

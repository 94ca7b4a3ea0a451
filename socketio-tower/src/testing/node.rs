use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::bus::{Backend, BackendError, Bus, Joined, Order, Receipt, Receive};
use crate::cluster::{NodeId, Outgoing, Subscription};
use crate::entropy::entropy;

/// A node of a cluster without a server, for tests of a [`Backend`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use socketio_tower::cluster::{Backend, Redis};
/// use socketio_tower::testing::TestNode;
///
/// let redis = Redis::classic("redis://127.0.0.1:1").unwrap();
/// let node = TestNode::new(&redis, |channel, payload| println!("{channel:?}: {payload:?}"));
/// let error = redis.serve(&mut node.bus()).await;
/// node.down(&error);
/// assert!(error.to_string().starts_with("cannot connect to Redis at 127.0.0.1:1: "));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestNode {
    joined: Arc<Joined>,
    receiver: Arc<Receiver>,
}

struct Receiver(Box<Received>);

type Received = dyn Fn(&[u8], &Bytes) + Send + Sync;

impl TestNode {
    /// Creates a node. The function gets the channel and the payload of every message.
    pub fn new(backend: &dyn Backend, receive: impl Fn(&[u8], &Bytes) + Send + Sync + 'static) -> Self {
        let id = NodeId::from_entropy(*entropy().first_chunk().expect("has 15 bytes"));
        // It says nothing by itself.
        let joined = Joined::emitter(id, backend.wire());
        Self { joined, receiver: Arc::new(Receiver(Box::new(receive))) }
    }

    /// Returns the id of the node.
    pub fn id(&self) -> &NodeId {
        self.joined.id()
    }

    /// Returns what is passed to [`Backend::serve`], once for each connection.
    pub fn bus(&self) -> Bus {
        Bus::new(Arc::clone(&self.joined), Arc::clone(&self.receiver) as Arc<dyn Receive>)
    }

    /// Reports the end of a connection to the node, as a server does.
    pub fn down(&self, error: &BackendError) {
        self.joined.down(error.clone());
    }

    /// Waits until the backend is connected.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn up(&self) {
        self.joined.connected().await;
    }

    /// Begins subscriptions, and ends others.
    pub fn subscribe(
        &self,
        begin: impl IntoIterator<Item = Subscription>,
        end: impl IntoIterator<Item = Subscription>,
    ) {
        self.joined.change_subscriptions(begin, end);
    }

    /// Publishes a message.
    pub fn publish(&self, channel: impl Into<Bytes>, payload: impl Into<Bytes>) {
        let message = Outgoing { channel: channel.into(), payload: payload.into() };
        self.joined.push(Order::Publish { message, receipt: None });
    }

    /// Publishes a message, and asks for the number of its receivers. The channel resolves with an error if the message
    /// may not have been published.
    pub fn publish_and_count(
        &self,
        channel: impl Into<Bytes>,
        payload: impl Into<Bytes>,
    ) -> oneshot::Receiver<Option<usize>> {
        let (receipt, answer) = Receipt::test();
        let message = Outgoing { channel: channel.into(), payload: payload.into() };
        self.joined.push(Order::Publish { message, receipt: Some(receipt) });
        answer
    }

    /// Asks for the number of subscribers of a channel.
    pub fn count(&self, channel: impl Into<Bytes>) -> oneshot::Receiver<Option<usize>> {
        let (receipt, answer) = Receipt::test();
        self.joined.push(Order::Count { channel: channel.into(), receipt });
        answer
    }
}

impl Receive for Receiver {
    fn receive(&self, channel: &[u8], payload: &Bytes) {
        (self.0)(channel, payload);
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}

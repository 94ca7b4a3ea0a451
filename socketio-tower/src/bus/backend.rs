use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use socketio_core::cluster::{NodeId, Subscription, Wire};

use super::{BackendError, Joined, Order};

/// A message broker that carries the messages of a cluster.
///
/// A backend connects, subscribes and moves bytes. Reconnecting, queues with their limits, counters, and everything
/// that the messages mean are the same for all backends and not its concern.
///
/// ```
/// use std::pin::Pin;
/// use socketio_tower::cluster::{Backend, BackendError, Bus, Order};
/// use socketio_core::cluster::{Classic, Wire};
///
/// #[derive(Debug)]
/// struct Broker;
///
/// impl Backend for Broker {
///     fn wire(&self) -> Wire {
///         Wire::Classic(Classic::new("socket.io"))
///     }
///
///     fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>> {
///         Box::pin(async {
///             let subscriptions = bus.subscriptions();
///             // Connect, and subscribe to all of them. Pass what arrives to `bus.inbox()`.
///             drop(subscriptions);
///             bus.up();
///             let mut orders = Vec::new();
///             loop {
///                 bus.orders(&mut orders).await;
///                 for order in orders.drain(..) {
///                     match order {
///                         Order::Publish { message, receipt } => drop((message, receipt)),
///                         _ => {}
///                     }
///                 }
///             }
///         })
///     }
/// }
/// ```
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// Returns the form of the messages and the names of the channels.
    fn wire(&self) -> Wire;

    /// Connects to the broker and moves messages until the connection is lost; returns the reason.
    ///
    /// Called again, after a while, as long as the server has not left the cluster. It is dropped when the server
    /// leaves. If it panics, the connection counts as lost.
    fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>>;
}

/// The side of a cluster's node that a [`Backend`] serves.
#[derive(Debug)]
pub struct Bus {
    joined: Arc<Joined>,
    receiver: Arc<dyn Receive>,
}

impl Bus {
    pub(crate) fn new(joined: Arc<Joined>, receiver: Arc<dyn Receive>) -> Self {
        Self { joined, receiver }
    }

    /// Returns the id of this node.
    pub fn node(&self) -> &NodeId {
        self.joined.id()
    }

    /// Returns everything that the node subscribes to. A backend subscribes to all of it before it calls
    /// [`up`](Self::up). Later changes are [`Order`]s.
    pub fn subscriptions(&mut self) -> Vec<Subscription> {
        self.joined.subscriptions().begin()
    }

    /// Reports that the backend is connected and that all subscriptions are confirmed.
    pub fn up(&mut self) {
        self.joined.up();
    }

    /// Waits for orders and appends them to a list: at most 256, and about 256 KiB.
    ///
    /// The orders of the previous call count as executed.
    ///
    /// # Cancel safety
    ///
    /// No order is lost if the future is dropped before it completes.
    pub async fn orders(&mut self, into: &mut Vec<Order>) {
        self.joined.take_orders(into).await;
    }

    /// Returns `true` if the node leaves. From then on, orders to end subscriptions count as executed when everything that
    /// has arrived on them was passed to the [inbox](Self::inbox), because the node answers what it has heard.
    pub fn is_leaving(&self) -> bool {
        self.joined.is_leaving()
    }

    /// Returns the end that takes what arrives from the broker.
    pub fn inbox(&self) -> Inbox {
        Inbox(Arc::clone(&self.receiver))
    }
}

/// The end of a node that takes the messages of its broker. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Inbox(Arc<dyn Receive>);

impl Inbox {
    /// Applies a message, on the calling thread. Returns when it has been passed to the queues of the sockets concerned,
    /// without waiting for them. Messages of one sender must be passed in the order in which they arrive.
    ///
    /// A message that cannot be read is dropped and counted.
    pub fn receive(&self, channel: &[u8], payload: &Bytes) {
        self.0.receive(channel, payload);
    }
}

/// The receiver of the messages of other nodes.
pub(crate) trait Receive: fmt::Debug + Send + Sync {
    /// Applies a message.
    fn receive(&self, channel: &[u8], payload: &Bytes);
}

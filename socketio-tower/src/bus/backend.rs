use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use socketio_core::cluster::{NodeId, Outgoing, RequestKey, Subscription, Wire};
use tokio::sync::oneshot;

use super::Joined;

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

/// The reason that a backend has no connection to its broker.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    message: Arc<str>,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl BackendError {
    /// Creates an error with a message.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Creates an error with a message and the error that caused it.
    pub fn with_source(message: impl Into<Arc<str>>, source: impl Error + Send + Sync + 'static) -> Self {
        Self { message: message.into(), source: Some(Arc::new(source)) }
    }
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

    /// Returns the end that takes what arrives from the broker.
    pub fn inbox(&self) -> Inbox {
        Inbox(Arc::clone(&self.receiver))
    }
}

/// Something that a [`Backend`] has to do, in the order of the list.
#[derive(Debug)]
#[non_exhaustive]
pub enum Order {
    /// Publish a message.
    Publish {
        /// The message.
        message: Outgoing,
        /// To be answered when the broker has taken the message, with the number of subscribers that it has reached if
        /// the broker reports it.
        receipt: Option<Receipt>,
    },
    /// Count the subscribers of a channel, without those of patterns.
    Count {
        /// The name of the channel.
        channel: Bytes,
        /// To be answered with the number.
        receipt: Receipt,
    },
    /// Subscribe.
    Subscribe(Subscription),
    /// End a subscription.
    Unsubscribe(Subscription),
}

/// A question of the node that a backend answers once. Dropping it is an answer without a number.
#[derive(Debug)]
pub struct Receipt(Option<Asker>);

#[derive(Debug)]
enum Asker {
    /// The sum of subscribers decides how many answers a question has.
    Count(Arc<Joined>, RequestKey),
    /// A task waits until the broker has taken a message.
    Taken(oneshot::Sender<()>),
    /// A test of a backend.
    #[cfg(feature = "testing")]
    Test(oneshot::Sender<Option<usize>>),
}

impl Receipt {
    pub(super) fn count(joined: Arc<Joined>, key: RequestKey) -> Self {
        Self(Some(Asker::Count(joined, key)))
    }

    pub(super) fn taken(waiting: oneshot::Sender<()>) -> Self {
        Self(Some(Asker::Taken(waiting)))
    }

    /// Returns a receipt with the channel that gets its answer. Dropping the receipt closes the channel.
    #[cfg(feature = "testing")]
    pub(crate) fn test() -> (Self, oneshot::Receiver<Option<usize>>) {
        let (sender, answer) = oneshot::channel();
        (Self(Some(Asker::Test(sender))), answer)
    }

    /// Answers with the number of subscribers, or with `None` if the broker does not tell.
    pub fn answer(mut self, subscribers: Option<usize>) {
        match self.0.take() {
            Some(Asker::Count(joined, key)) => joined.handle_count(key, subscribers),
            Some(Asker::Taken(waiting)) => _ = waiting.send(()),
            #[cfg(feature = "testing")]
            Some(Asker::Test(waiting)) => _ = waiting.send(subscribers),
            None => {}
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(Asker::Count(joined, key)) = self.0.take() {
            joined.handle_count(key, None);
        }
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

/// What takes the messages of other nodes.
pub(crate) trait Receive: fmt::Debug + Send + Sync {
    /// Applies a message.
    fn receive(&self, channel: &[u8], payload: &Bytes);
}

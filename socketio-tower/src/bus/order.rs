use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use socketio_core::cluster::{Outgoing, RequestKey, Subscription};
use tokio::sync::oneshot;

/// Something that a [`Backend`](super::Backend) has to do, in the order of the list.
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
    /// Subscribe, before any order that follows.
    Subscribe(Subscription),
    /// End a subscription. If the node [leaves](super::Bus::is_leaving), this ends when everything that has arrived on it was
    /// passed to the inbox.
    Unsubscribe(Subscription),
}

/// A question of the node that a backend answers once. Dropping it is an answer without a number.
#[derive(Debug)]
pub struct Receipt(Option<Asker>);

#[derive(Debug)]
enum Asker {
    /// The number of subscribers decides how many answers a question has.
    Count(Arc<dyn Counting>, RequestKey),
    /// A task waits until the broker has taken a message.
    Taken(oneshot::Sender<()>),
    /// A test of a backend.
    #[cfg(feature = "testing")]
    Test(oneshot::Sender<Option<usize>>),
}

/// A node whose questions wait for a number of subscribers.
pub(super) trait Counting: fmt::Debug + Send + Sync {
    /// Handles the number, which is `None` if it is not known.
    fn handle_count(&self, key: RequestKey, subscribers: Option<usize>);
}

impl Receipt {
    pub(super) fn count(node: Arc<dyn Counting>, key: RequestKey) -> Self {
        Self(Some(Asker::Count(node, key)))
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
            Some(Asker::Count(node, key)) => node.handle_count(key, subscribers),
            Some(Asker::Taken(waiting)) => _ = waiting.send(()),
            #[cfg(feature = "testing")]
            Some(Asker::Test(waiting)) => _ = waiting.send(subscribers),
            None => {}
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(Asker::Count(node, key)) = self.0.take() {
            node.handle_count(key, None);
        }
    }
}

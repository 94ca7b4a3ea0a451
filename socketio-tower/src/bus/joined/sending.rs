use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use socketio_core::Encoded;
use socketio_core::cluster::{
    Address, Answer, Body, Message, NoAck, Operation, Question, RequestId, RequestKey, Subscription,
    WriteError,
};
use socketio_core::namespace::Target;
use tokio::sync::oneshot;

use super::Joined;
use crate::bus::{Order, Receipt, Waiter};
use crate::clock::now;

/// The reason that other nodes were not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTold {
    /// The connection is down, or too much waits for it.
    Unreachable,
    /// The message cannot be written.
    Invalid(WriteError),
}

/// A question to other nodes. Dropping it forgets the question.
#[derive(Debug)]
pub(crate) struct Pending {
    joined: Arc<Joined>,
    key: RequestKey,
    namespace: String,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let waiter = self.joined.lock().forget(self.key);
        // Outside the lock.
        drop(waiter);
        let wire = self.joined.wire();
        self.joined.change_subscriptions([], wire.of_namespace(self.joined.id(), &self.namespace));
    }
}

impl Joined {
    /// Sends an event to the sockets of other nodes.
    pub(crate) fn broadcast(
        &self,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, String, String>,
        volatile: bool,
    ) -> Result<(), NotTold> {
        let up = self.is_up();
        if volatile && !up {
            return Err(NotTold::Unreachable);
        }
        let message = self.wire.broadcast(&self.id, namespace, packet, to, volatile);
        let message = message.map_err(NotTold::Invalid)?;
        let queued = self.push(Order::Publish { message, receipt: None });
        if queued && up { Ok(()) } else { Err(NotTold::Unreachable) }
    }

    /// Has other nodes perform an operation. Returns a receiver that resolves, or fails, when the broker has taken it.
    pub(crate) fn operate(
        &self,
        namespace: &str,
        operation: Operation,
    ) -> Result<oneshot::Receiver<()>, NotTold> {
        let up = self.is_up();
        let (taken, wait) = oneshot::channel();
        let message = Message::new(self.id.clone(), namespace, Body::Operation(operation));
        let message = self.wire.encode(&Address::Everyone, &message).map_err(NotTold::Invalid)?;
        let queued = self.push(Order::Publish { message, receipt: Some(Receipt::taken(taken)) });
        if queued && up { Ok(wait) } else { Err(NotTold::Unreachable) }
    }

    /// Answers a question of another node. If the answer cannot be written, this is reported to a node of this implementation.
    pub(crate) fn answer(&self, to: &Address, namespace: &str, request: RequestId, answer: Answer) {
        if self.try_answer(to, namespace, request.clone(), answer).is_err() {
            self.counters.refused.add(1);
            if matches!(to, Address::Node(_)) {
                self.try_answer(to, namespace, request, Answer::Unanswered(NoAck::TooLarge)).ok();
            }
        }
    }

    fn try_answer(
        &self,
        to: &Address,
        namespace: &str,
        request: RequestId,
        answer: Answer,
    ) -> Result<(), WriteError> {
        let message = Message::new(self.id.clone(), namespace, Body::Answer { request, answer });
        let message = self.wire.encode(to, &message)?;
        self.push(Order::Publish { message, receipt: None });
        Ok(())
    }

    /// Asks all other nodes that have the namespace. The waiter gets their answers.
    pub(crate) fn ask(
        &self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        waiter: Waiter,
    ) -> Pending {
        // A namespace without sockets here is not subscribed to: the answers would not arrive.
        self.change_subscriptions(self.wire.of_namespace(&self.id, namespace), []);
        let key = self.with_requests(|requests| {
            let key = requests.node.ask(namespace, question, deadline, now());
            requests.wait(key, waiter);
            key
        });
        Pending { joined: self.this(), key, namespace: namespace.to_owned() }
    }

    /// Adds and removes subscriptions.
    pub(crate) fn change_subscriptions(
        &self,
        add: impl IntoIterator<Item = Subscription>,
        remove: impl IntoIterator<Item = Subscription>,
    ) {
        if self.subscriptions.change(add, remove) {
            self.ordered.notify_one();
        }
    }

    /// Replaces the subscriptions for what is defined. The function is called under a lock, so that of two changes the
    /// later one decides.
    pub(crate) fn redefine(&self, definitions: impl FnOnce() -> BTreeSet<Subscription>) {
        let mut current = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        let new = definitions();
        self.change_subscriptions(new.difference(&current).cloned(), current.difference(&new).cloned());
        *current = new;
    }

    /// Queues an order. Returns `false` if the queue is full.
    pub(crate) fn push(&self, order: Order) -> bool {
        let pushed = self.outbound.push(order);
        self.ordered.notify_one();
        // Dropped outside the lock of the queue.
        pushed.is_ok()
    }
}

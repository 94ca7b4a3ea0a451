use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::sync::futures::Notified;
use tokio::time::{Instant, timeout_at};

use super::Joined;
use crate::bus::{BackendError, ClusterEvent, ClusterState, Order};
use crate::clock::now;

/// The maximum number of changed subscriptions in one batch of orders.
const MAX_CHANGES: usize = 128;

/// The time that the driver may take to notice that it must have left.
const DRIVER_DELAY: Duration = Duration::from_millis(100);

/// The side of the backend.
impl Joined {
    /// Begins a connection.
    pub(in crate::bus) fn up(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = ClusterState::Up;
        self.is_up.store(true, Ordering::Release);
        self.counters.connects.add(1);
        if self.is_node {
            self.with_requests(|requests| requests.node.handle_up(now()));
        }
        self.connected.notify_waiters();
        self.tell(&ClusterEvent::Up);
        self.ordered.notify_one();
    }

    /// Ends the connection.
    pub(crate) fn down(&self, error: BackendError) {
        self.is_up.store(false, Ordering::Release);
        self.subscriptions.end();
        self.counters.uncertain.add(self.in_flight.swap(0, Ordering::Relaxed));
        self.is_executing.store(false, Ordering::Release);
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let since = match &*state {
                ClusterState::Down { since, .. } => *since,
                _ => SystemTime::now(),
            };
            *state = ClusterState::Down { since, error: Some(error.clone()) };
        }
        self.with_requests(|requests| requests.node.handle_down(now()));
        self.tell(&ClusterEvent::Down { error });
        self.progress.notify_waiters();
    }

    /// Waits for orders. At least one is appended. Those of the previous call count as executed.
    pub(in crate::bus) async fn take_orders(&self, into: &mut Vec<Order>) {
        self.counters.published.add(self.in_flight.swap(0, Ordering::Relaxed));
        loop {
            let ordered = self.ordered.notified();
            // Before they are taken: otherwise they might count as executed meanwhile.
            self.is_executing.store(true, Ordering::Release);
            let old = self.subscriptions.take(MAX_CHANGES, into, |into| self.outbound.take(into));
            drop(old);
            if !into.is_empty() {
                let messages = into.iter().filter(|order| matches!(order, Order::Publish { .. })).count();
                self.in_flight.store(messages as u64, Ordering::Relaxed);
                return;
            }
            self.is_executing.store(false, Ordering::Release);
            self.progress.notify_waiters();
            ordered.await;
        }
    }

    /// Waits for a connection.
    pub(crate) async fn connected(&self) {
        wait_until(|| self.connected.notified(), || self.is_up()).await;
    }
}

/// The end of the membership.
impl Joined {
    /// Has the driver leave the cluster until a deadline, and waits until it has.
    pub(crate) async fn close(&self, deadline: Instant) {
        self.leave_by(deadline);
        let left = wait_until(|| self.progress.notified(), || self.is_left());
        timeout_at(deadline + DRIVER_DELAY, left).await.ok();
    }

    /// Has the driver leave the cluster. Of several deadlines, the first counts.
    pub(crate) fn leave_by(&self, deadline: Instant) {
        self.leave_by.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(deadline);
        self.leave.notify_one();
    }

    /// Returns `true` if the node leaves or has left.
    pub(in crate::bus) fn is_leaving(&self) -> bool {
        self.leave_by.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits until the node must leave, and leaves.
    ///
    /// The node stops listening first, so that other nodes no longer count on its answers. Then it waits until it has
    /// answered what it has heard, publishes what is queued, and says goodbye. Without a connection, it waits as long as
    /// something is queued that may still be published.
    pub(crate) async fn leave(&self) {
        let deadline = loop {
            let deadline = *self.leave_by.lock().unwrap_or_else(PoisonError::into_inner);
            match deadline {
                Some(deadline) => break deadline,
                None => self.leave.notified().await,
            }
        };
        self.subscriptions.clear();
        self.ordered.notify_one();
        let leaving = async {
            self.flushed().await;
            if self.is_node && self.is_up() {
                self.with_requests(|requests| requests.node.leave(now()));
                self.flushed().await;
            }
        };
        timeout_at(deadline, leaving).await.ok();
    }

    /// Waits until everything is answered and published, or dropped because it has waited too long.
    pub(crate) async fn flushed(&self) {
        let is_idle = || self.is_left() || self.is_flushed();
        wait_until(|| self.progress.notified(), is_idle).await;
    }

    /// Ends the membership. What is still queued is lost.
    pub(crate) fn left(&self) {
        self.is_up.store(false, Ordering::Release);
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = ClusterState::Left;
        self.is_left.store(true, Ordering::Release);
        drop(self.outbound.close());
        self.with_requests(|requests| requests.node.handle_down(now()));
        self.report_lost();
        self.progress.notify_waiters();
    }

    fn is_flushed(&self) -> bool {
        // In this order: what is answered is queued before it counts as answered, and what is taken from the queue is
        // executing before.
        self.answering.load(Ordering::Acquire) == 0
            && self.subscriptions.is_told()
            && self.outbound.bytes() == 0
            && !self.is_executing.load(Ordering::Acquire)
    }
}

/// Waits until a condition is met, which is tested at the beginning and after each notification.
async fn wait_until<'a>(notified: impl Fn() -> Notified<'a>, is_met: impl Fn() -> bool) {
    loop {
        let mut notified = std::pin::pin!(notified());
        notified.as_mut().enable();
        if is_met() {
            return;
        }
        notified.await;
    }
}

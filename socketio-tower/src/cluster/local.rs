use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use socketio_core::cluster::{Channels, Outgoing, Subscription, Wire};
use tokio::sync::Notify;

use crate::bus::{Backend, BackendError, Bus, Inbox, Order};

/// A cluster in memory, for tests of applications that run on several nodes.
///
/// ```
/// use socketio_tower::SocketIo;
/// use socketio_tower::cluster::Local;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Local::new();
/// let (one, two) = (SocketIo::new(), SocketIo::new());
/// one.join_cluster(bus.clone()).await?;
/// two.join_cluster(bus.clone()).await?;
/// one.emit("news", "to the clients of both");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Local {
    wire: Wire,
    broker: Arc<Broker>,
}

#[derive(Debug, Default)]
struct Broker {
    inner: Mutex<Inner>,
    /// Notified when the availability changes.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    members: BTreeMap<u64, Member>,
    next: u64,
    is_away: bool,
}

#[derive(Debug)]
struct Member {
    inbox: Inbox,
    subscriptions: BTreeSet<Subscription>,
}

impl Local {
    /// Creates a cluster without nodes.
    pub fn new() -> Self {
        Self::with_wire(Wire::Channels(Channels::new("socket.io")))
    }

    /// Creates a cluster whose messages have the form of another backend.
    pub fn with_wire(wire: Wire) -> Self {
        Self { wire, broker: Arc::default() }
    }

    /// Makes the cluster unreachable for all nodes, or reachable again.
    pub fn set_available(&self, available: bool) {
        self.broker.lock().is_away = !available;
        self.broker.changed.notify_waiters();
    }

    /// Publishes a message as another program might, such as a Node server or an emitter. Returns the number of nodes that
    /// have received it.
    pub fn publish(&self, message: &Outgoing) -> usize {
        self.broker.publish(message)
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Local {
    fn wire(&self) -> Wire {
        self.wire.clone()
    }

    fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>> {
        Box::pin(self.broker.serve(bus))
    }
}

impl Broker {
    async fn serve(&self, bus: &mut Bus) -> BackendError {
        let mut changed = std::pin::pin!(self.changed.notified());
        changed.as_mut().enable();
        let Some(connection) = self.connect(bus) else { return BackendError::new("the cluster is away") };
        bus.up();
        let serving = async {
            let mut orders = Vec::new();
            loop {
                bus.orders(&mut orders).await;
                for order in orders.drain(..) {
                    connection.execute(order);
                }
            }
        };
        futures_util::future::select(changed, std::pin::pin!(serving)).await;
        BackendError::new("the cluster has gone away")
    }

    fn connect(&self, bus: &mut Bus) -> Option<Connection<'_>> {
        let mut inner = self.lock();
        if inner.is_away {
            return None;
        }
        let id = inner.next;
        inner.next += 1;
        let member = Member { inbox: bus.inbox(), subscriptions: bus.subscriptions().into_iter().collect() };
        inner.members.insert(id, member);
        Some(Connection { broker: self, id })
    }

    fn publish(&self, Outgoing { channel, payload }: &Outgoing) -> usize {
        // Received outside the lock.
        let inboxes: Vec<_> = {
            let inner = self.lock();
            let members = inner.members.values().filter(|member| member.hears(channel));
            members.map(|member| member.inbox.clone()).collect()
        };
        for inbox in &inboxes {
            inbox.receive(channel, payload);
        }
        inboxes.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of a node, which ends when it is dropped.
struct Connection<'a> {
    broker: &'a Broker,
    id: u64,
}

impl Connection<'_> {
    fn execute(&self, order: Order) {
        match order {
            Order::Publish { message, receipt } => {
                let receivers = self.broker.publish(&message);
                if let Some(receipt) = receipt {
                    receipt.answer(Some(receivers));
                }
            }
            Order::Count { channel, receipt } => {
                let inner = self.broker.lock();
                let subscription = Subscription::Channel(channel);
                let count = inner
                    .members
                    .values()
                    .filter(|member| member.subscriptions.contains(&subscription))
                    .count();
                drop(inner);
                receipt.answer(Some(count));
            }
            Order::Subscribe(subscription) => {
                self.change(|subscriptions| _ = subscriptions.insert(subscription));
            }
            Order::Unsubscribe(subscription) => {
                self.change(|subscriptions| _ = subscriptions.remove(&subscription));
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeSet<Subscription>)) {
        if let Some(member) = self.broker.lock().members.get_mut(&self.id) {
            change(&mut member.subscriptions);
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let member = self.broker.lock().members.remove(&self.id);
        drop(member);
    }
}

impl Member {
    fn hears(&self, channel: &Bytes) -> bool {
        self.subscriptions.iter().any(|subscription| match subscription {
            Subscription::Channel(name) => name == channel,
            // Patterns are a literal prefix, in which special characters are escaped, and `*`.
            Subscription::Pattern(pattern) => matches(pattern, channel),
        })
    }
}

/// Returns `true` if a channel matches a pattern of a literal prefix and `*`.
fn matches(pattern: &[u8], channel: &[u8]) -> bool {
    let (mut pattern, mut channel) = (pattern.iter(), channel.iter());
    loop {
        match pattern.next() {
            Some(b'*') => return true,
            Some(b'\\') if channel.next() == pattern.next() => {}
            Some(byte) if channel.next() == Some(byte) => {}
            Some(_) => return false,
            None => return channel.next().is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_prefixes() {
        assert!(matches(br"socket.io#/a\*b#*", b"socket.io#/a*b#room#"));
        assert!(!matches(br"socket.io#/a\*b#*", b"socket.io#/acb#room#"));
        assert!(matches(b"x", b"x") && !matches(b"x", b"xy") && !matches(b"xy", b"x"));
    }
}

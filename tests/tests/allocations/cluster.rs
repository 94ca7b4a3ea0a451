//! Allocations for each message between the nodes of a cluster.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use socketio_core::cluster::{Classic, NodeId, Outgoing, Wire};
use socketio_core::namespace::Target;
use socketio_core::packet::Encoder;
use socketio_tower::SocketIo;
use socketio_tower::cluster::{Backend, BackendError, Bus, Inbox};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::heap::assert_allocations;

/// A broker that takes every message and passes none on.
#[derive(Debug, Clone, Default)]
struct Broker(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    inbox: OnceLock<Inbox>,
    /// Notified when orders are taken.
    taken: Notify,
}

impl Backend for Broker {
    fn wire(&self) -> Wire {
        Wire::Classic(Classic::new("socket.io"))
    }

    fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>> {
        Box::pin(async {
            drop(bus.subscriptions());
            assert!(self.0.inbox.set(bus.inbox()).is_ok(), "it connects once");
            bus.up();
            let mut orders = Vec::new();
            loop {
                bus.orders(&mut orders).await;
                self.0.taken.notify_one();
                orders.clear();
            }
        })
    }
}

/// A server in a cluster.
struct Node {
    io: SocketIo,
    broker: Broker,
    runtime: Runtime,
}

impl Node {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (io, broker) = (SocketIo::new(), Broker::default());
        runtime.block_on(io.join_cluster(broker.clone()).into_future()).expect("it is connected");
        runtime.block_on(broker.0.taken.notified()); // the hello
        Self { io, broker, runtime }
    }

    fn receive(&self, message: &Outgoing) {
        self.broker.0.inbox.get().expect("it is connected").receive(&message.channel, &message.payload);
    }

    /// Publishes something, and lets the backend take it.
    fn publish(&self, publish: impl FnOnce()) {
        publish();
        self.runtime.block_on(self.broker.0.taken.notified());
    }
}

/// Returns the broadcast of another node to a room, with 64 bytes of text.
fn broadcast(from: &NodeId, room: &str) -> Outgoing {
    let packet = Encoder::default().event("/", "text", &"x".repeat(64), None).expect("it can be written");
    let wire = Wire::Classic(Classic::new("socket.io"));
    wire.broadcast(from, "/", &packet, &Target::rooms(&[room]), false).expect("it can be written")
}

#[test]
fn a_message_is_written_into_one_buffer() {
    let packet = Encoder::default().event("/", "text", &"x".repeat(64), None).expect("it can be written");
    let wire = Wire::Classic(Classic::new("socket.io"));
    let node = NodeId::from_entropy([7; 8]);
    assert_allocations("a broadcast", PUBLISHED, || {
        wire.broadcast(&node, "/", &packet, &Target::rooms(&["nobody"]), false).expect("it can be written");
    });
}

#[test]
fn a_broadcast_is_published() {
    let text = "x".repeat(64);
    let alone = SocketIo::new();
    let to = alone.to("nobody");
    assert_allocations("a server alone", ENCODED, || assert!(to.emit("text", &text).is_queued()));

    let node = Node::start();
    let to = node.io.to("nobody");
    assert_allocations("a node", ENCODED + PUBLISHED, || {
        node.publish(|| assert!(to.emit("text", &text).is_queued()));
    });
}

/// The encoded packet, which all recipients share.
const ENCODED: u64 = 1;

/// The message with its channel, and the reference count of their memory.
const PUBLISHED: u64 = 2;

#[test]
fn a_message_for_nobody_is_dropped_as_it_is() {
    let node = Node::start();
    let message = broadcast(&NodeId::from_entropy([7; 8]), "nobody");
    assert_allocations("a room without sockets", 0, || node.receive(&message));
    let id = node.io.cluster().expect("it has joined").node().clone();
    let echo = broadcast(&id, "nobody");
    assert_allocations("an echo", 0, || node.receive(&echo));
}

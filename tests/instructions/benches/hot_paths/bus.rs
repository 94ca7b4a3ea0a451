use std::hint::black_box;

use socketio_core::Encoded;
use socketio_core::cluster::{Classic, Message, NodeId, Outgoing, Wire};
use socketio_core::namespace::Target;
use socketio_core::packet::Encoder;

/// A node of a cluster that sends an event of 64 bytes to a room, and another that receives it.
pub(crate) struct Bus {
    wire: Wire,
    sender: NodeId,
    packet: Encoded,
    sent: Outgoing,
}

const NAMESPACE: &str = "/chat";

impl Bus {
    pub(crate) fn new() -> Self {
        let wire = Wire::Classic(Classic::new("socket.io"));
        let packet = Encoder::default().event(NAMESPACE, "message", &"x".repeat(64), None);
        let (sender, packet) = (NodeId::from_entropy([1; 8]), packet.expect("it can be written"));
        let sent = write(&wire, &sender, &packet);
        Self { wire, sender, packet, sent }
    }

    /// Writes the message of a broadcast.
    pub(crate) fn write(&self) -> Outgoing {
        write(&self.wire, &self.sender, black_box(&self.packet))
    }

    /// Finds out that the message is from another node, and for a room.
    pub(crate) fn peek(&self) {
        let Outgoing { channel, payload } = black_box(&self.sent);
        let peek = self.wire.peek(channel, payload).expect("a channel of this form");
        assert_ne!(peek.from, Some("0202020202020202"));
        assert!(peek.broadcasts().all(|(namespace, _)| namespace != "/"));
    }

    /// Reads the message.
    pub(crate) fn read(&self) -> Message {
        let Outgoing { channel, payload } = black_box(&self.sent);
        self.wire.decode(channel, payload).expect("it was written")
    }
}

fn write(wire: &Wire, sender: &NodeId, packet: &Encoded) -> Outgoing {
    wire.broadcast(sender, NAMESPACE, packet, &Target::rooms(&["lobby"]), false).expect("a small message")
}

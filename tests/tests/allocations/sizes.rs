//! The sizes of the core's types that exist once per session or message. Those of the layer are checked next to their
//! definitions.

use socketio_core::engine::{Session, Transmit};
use socketio_core::packet::{Event as ReceivedEvent, RawArgs};
use socketio_core::{Connection, ConnectionEvent, Encoded, Message};

/// As large as the token that the layer keeps for an ack.
type Token = usize;

#[test]
#[cfg(target_pointer_width = "64")]
fn of_the_core() {
    let bounds = [
        ("Connection", size_of::<Connection<Token>>(), 448),
        ("Session", size_of::<Session>(), 232),
        ("Event", size_of::<ConnectionEvent<Token>>(), 104),
        ("packet::Event", size_of::<ReceivedEvent>(), 80),
        ("RawArgs", size_of::<RawArgs>(), 64),
        ("Message", size_of::<Message>(), 40),
        ("Transmit", size_of::<Transmit>(), 40),
        ("Encoded", size_of::<Encoded>(), 32),
    ];
    for (name, size, bound) in bounds {
        assert!(size <= bound, "{name} has {size} bytes, its bound is {bound}");
    }
}

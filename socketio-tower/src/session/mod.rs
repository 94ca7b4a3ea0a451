//! One client: the task that owns its connection, and the door to it.

mod answered;

mod command;
pub(crate) use command::{Answer, Command, Reply, Respond};

mod driver;
pub(crate) use driver::Driver;

mod mailbox;
pub(crate) use mailbox::{Mailbox, Pushed};

mod table;
pub(crate) use table::{NotInserted, SessionTable};

mod dispatch;
mod local;
mod running;
pub(crate) use running::contained;
mod streams;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use socketio_core::{Link, Sid, Transport};

use crate::handshake::Handshake;
use crate::socket::Extensions;

/// What others know of a session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) sid: Sid,
    pub(crate) mailbox: Mailbox,
    pub(crate) handshake: Handshake,
    pub(crate) extensions: Extensions,
    links: AtomicU32,
    streaming: AtomicBool,
}

impl Session {
    pub(crate) fn new(sid: Sid, handshake: Handshake, transport: Transport) -> Self {
        Self {
            sid,
            mailbox: Mailbox::default(),
            handshake,
            extensions: Extensions::default(),
            links: AtomicU32::new(0),
            streaming: AtomicBool::new(transport != Transport::Polling),
        }
    }

    /// A link that was never used before.
    pub(crate) fn new_link(&self) -> Link {
        Link::new(self.links.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn transport(&self) -> Transport {
        if self.streaming.load(Ordering::Relaxed) { Transport::WebSocket } else { Transport::Polling }
    }

    fn upgraded(&self) {
        self.streaming.store(true, Ordering::Relaxed);
    }
}

/// The clock, which tests may stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Span;
    use crate::transport::{Carrier, Wire};

    /// What exists once for each client, socket or command, in bytes; the driver without its span, which only
    /// `tracing` makes large.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes() {
        let bounds = [
            ("Driver", size_of::<Driver>() - size_of::<Span>(), 792),
            ("Session", size_of::<Session>(), 280),
            ("LocalSocket", size_of::<local::LocalSocket>(), 112),
            ("Wire", size_of::<Wire<Carrier>>(), 200),
            ("Command", size_of::<Command>(), 56),
        ];
        for (name, size, bound) in bounds {
            assert!(size <= bound, "a {name} has {size} bytes, its bound is {bound}");
        }
    }
}

//! One client, as others know it: the door to the task that owns its connection.

mod answered;

mod command;
pub(crate) use command::{Answer, Command, Reply, Respond, SocketName};

mod mailbox;
pub(crate) use mailbox::{Backlog, Mailbox, Pushed};

mod table;
pub(crate) use table::{NotInserted, SessionTable};

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use socketio_core::{LinkId, Sid, Transport};

use crate::extensions::Extensions;
use crate::handshake::Handshake;
use crate::observer::ClientId;

/// What others know of a session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) sid: Sid,
    pub(crate) id: ClientId,
    pub(crate) mailbox: Mailbox,
    pub(crate) handshake: Handshake,
    pub(crate) extensions: Extensions,
    links: AtomicU32,
    /// The place of its transport among [`Transport::ALL`].
    transport: AtomicU8,
    /// Whether bytes of a body have come since the task looked.
    uploads: AtomicBool,
    /// The bytes of bodies that are not whole.
    body_bytes: AtomicUsize,
}

impl Session {
    pub(crate) fn new(sid: Sid, handshake: Handshake, transport: Transport) -> Self {
        Self {
            sid,
            id: ClientId::new(),
            mailbox: Mailbox::default(),
            handshake,
            extensions: Extensions::default(),
            links: AtomicU32::new(0),
            transport: AtomicU8::new(place(transport)),
            uploads: AtomicBool::new(false),
            body_bytes: AtomicUsize::new(0),
        }
    }

    /// A link that was never used before.
    pub(crate) fn new_link(&self) -> LinkId {
        LinkId::new(self.links.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::ALL[usize::from(self.transport.load(Ordering::Relaxed))]
    }

    /// So many bytes of a body have come, which is not whole. The task is not woken: it looks when it must know whether the
    /// client lives.
    pub(crate) fn receive_body(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.uploads.store(true, Ordering::Relaxed);
    }

    /// A body that was not whole is handed on, or dropped.
    pub(crate) fn release_body(&self, bytes: usize) {
        self.body_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether bytes of a body have come since the last call.
    pub(crate) fn take_uploads(&self) -> bool {
        self.uploads.swap(false, Ordering::Relaxed)
    }

    /// The bytes that have come from the client and that no handler has.
    pub(crate) fn received_bytes(&self) -> usize {
        self.mailbox.received_bytes() + self.body_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn upgraded(&self, transport: Transport) {
        self.transport.store(place(transport), Ordering::Relaxed);
    }
}

/// The place of a transport among all.
fn place(transport: Transport) -> u8 {
    Transport::ALL.iter().position(|other| *other == transport).unwrap_or_default() as u8
}

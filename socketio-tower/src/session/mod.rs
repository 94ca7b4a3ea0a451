//! One session as seen from outside its task: the mailbox, the commands and the session table.

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

/// The shared state of a session, outside its task.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) sid: Sid,
    pub(crate) id: ClientId,
    pub(crate) mailbox: Mailbox,
    pub(crate) handshake: Handshake,
    pub(crate) extensions: Extensions,
    links: AtomicU32,
    /// The index of its transport in [`Transport::ALL`].
    transport: AtomicU8,
    /// Set if bytes of a request body have arrived since the task last checked.
    uploads: AtomicBool,
    /// The bytes of incomplete request bodies.
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
            transport: AtomicU8::new(index_of(transport)),
            uploads: AtomicBool::new(false),
            body_bytes: AtomicUsize::new(0),
        }
    }

    /// Returns a link id that was never used before in this session.
    pub(crate) fn new_link(&self) -> LinkId {
        LinkId::new(self.links.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::ALL[usize::from(self.transport.load(Ordering::Relaxed))]
    }

    /// Counts `bytes` of an incomplete request body. The task is not woken; it checks when it must know if the client
    /// is alive.
    pub(crate) fn receive_body(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.uploads.store(true, Ordering::Relaxed);
    }

    /// Stops counting `bytes` of a body that is now complete or was dropped.
    pub(crate) fn release_body(&self, bytes: usize) {
        self.body_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Returns `true` if bytes of a body have arrived since the last call.
    pub(crate) fn take_uploads(&self) -> bool {
        self.uploads.swap(false, Ordering::Relaxed)
    }

    /// Returns the number of bytes that were received from the client but not yet passed to a handler.
    pub(crate) fn received_bytes(&self) -> usize {
        self.mailbox.received_bytes() + self.body_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn upgraded(&self, transport: Transport) {
        self.transport.store(index_of(transport), Ordering::Relaxed);
    }
}

/// Returns the index of a transport in [`Transport::ALL`].
fn index_of(transport: Transport) -> u8 {
    Transport::ALL.iter().position(|other| *other == transport).unwrap_or_default() as u8
}

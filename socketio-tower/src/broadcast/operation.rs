use std::cell::Cell;

use socketio_core::namespace::Target;
use socketio_core::{Encoded, SocketId};

use crate::namespace::Namespace;
use crate::socket::Socket;

/// Which sockets of a namespace: those in any of the rooms, or all if there are none, without those in others and without
/// the one that speaks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) without: Option<SocketId>,
}

/// What is done to the sockets of a selection, as data, so that it can be done on another node too.
#[derive(Debug)]
pub(crate) enum Operation<'a> {
    /// Each is sent a packet.
    Emit {
        packet: Encoded,
        volatile: bool,
    },
    Join {
        room: &'a str,
    },
    Leave {
        room: &'a str,
    },
    Disconnect {
        close: bool,
    },
}

thread_local! {
    /// The sockets of a selection, collected under the namespace's lock and served outside it.
    static SELECTED: Cell<Vec<Socket>> = const { Cell::new(Vec::new()) };
}

/// A list of sockets longer than this is given back after its use.
const KEPT_SELECTED: usize = 64 * 1024;

impl Namespace {
    /// Does something to every socket of a selection.
    pub(crate) fn perform(&self, selection: &Selection, operation: &Operation<'_>) {
        // Decided once, not for each of a thousand sockets.
        match operation {
            Operation::Emit { packet, volatile: false } => {
                self.for_each(selection, |socket| drop(socket.deliver(packet.clone(), false)));
            }
            Operation::Emit { packet, volatile: true } => {
                self.for_each(selection, |socket| drop(socket.deliver(packet.clone(), true)));
            }
            Operation::Join { room } => self.for_each(selection, |socket| _ = socket.join(room)),
            Operation::Leave { room } => self.for_each(selection, |socket| _ = socket.leave(room)),
            Operation::Disconnect { close: false } => self.for_each(selection, |socket| socket.disconnect()),
            Operation::Disconnect { close: true } => {
                self.for_each(selection, |socket| socket.disconnect_client());
            }
        }
    }

    /// Calls a function with each socket of a selection that has not been disconnected, outside the lock: one may be, and
    /// its session not have come round to taking it out of its rooms.
    pub(crate) fn for_each_connected(&self, selection: &Selection, mut f: impl FnMut(Socket)) {
        self.for_each(selection, |socket| {
            if socket.is_connected() {
                f(socket);
            }
        });
    }

    /// Calls a function with each socket of a selection, outside the lock. A socket in several rooms comes once.
    pub(crate) fn for_each(&self, selection: &Selection, f: impl FnMut(Socket)) {
        let mut selected = SELECTED.try_with(Cell::take).unwrap_or_default();
        self.rooms().select(&selection.target(), |socket| selected.push(socket.clone()));
        selected.drain(..).for_each(f);
        if selected.capacity() <= KEPT_SELECTED {
            // At the thread's end there is no place to keep it.
            SELECTED.try_with(|kept| kept.set(selected)).ok();
        }
    }
}

impl Selection {
    pub(crate) fn target(&self) -> Target<'_, String, String> {
        let target = Target::rooms(&self.rooms).except(&self.except);
        match self.without {
            Some(id) => target.without(id),
            None => target,
        }
    }
}

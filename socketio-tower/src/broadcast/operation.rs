use std::cell::Cell;
use std::time::Duration;

use socketio_core::namespace::Target;
use socketio_core::packet::{AckId, RawArgs};
use socketio_core::{AckRequest, Encoded, SocketId};

use super::info::SocketInfo;
use crate::ack_error::AckError;
use crate::clock::after;
use crate::collection::Collector;
use crate::namespace::Namespace;
use crate::session::Answer;
use crate::socket::Socket;

/// Which sockets of a namespace: those in any of the rooms, or all if there are none, without those in others and without
/// the one that speaks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) without: Option<SocketId>,
    /// Only those of this process.
    pub(crate) local: bool,
}

/// Something done to the sockets of a selection, as data: all that another node needs to know to do it too.
#[derive(Debug)]
pub(crate) enum Operation {
    /// Send each a packet.
    Emit { packet: Encoded, volatile: bool },
    /// Send each a packet, and collect their answers.
    Ask {
        packet: Encoded,
        volatile: bool,
        id: AckId,
        timeout: Option<Duration>,
        answers: Collector<Result<RawArgs, AckError>>,
    },
    /// Let each join a room.
    Join { room: String },
    /// Let each leave a room.
    Leave { room: String },
    /// Disconnect each from the namespace, or with `close` its client from all.
    Disconnect { close: bool },
    /// Collect what is known of each.
    Fetch { info: Collector<SocketInfo> },
    /// Count them.
    Count { counts: Collector<usize> },
}

thread_local! {
    /// The sockets of a selection, collected under the namespace's lock and served outside it.
    static SELECTED: Cell<Vec<Socket>> = const { Cell::new(Vec::new()) };
}

/// A list of sockets longer than this is given back after its use.
const KEPT_SELECTED: usize = 64 * 1024;

impl Namespace {
    /// Does something to every socket of a selection: the one way for all operations on many sockets.
    pub(crate) fn perform(&self, selection: &Selection, operation: Operation) {
        match operation {
            // Decided once, not for each of a thousand sockets.
            Operation::Emit { packet, volatile: false } => {
                self.for_each(selection, |socket| drop(socket.deliver(packet.clone(), false)));
            }
            Operation::Emit { packet, volatile: true } => {
                self.for_each(selection, |socket| drop(socket.deliver(packet.clone(), true)));
            }
            Operation::Ask { packet, volatile, id, timeout, answers } => {
                let mut deadline = None;
                self.for_each_connected(selection, |socket| {
                    let timeout = timeout.unwrap_or(socket.server().settings().ack_timeout);
                    let deadline = *deadline.get_or_insert_with(|| after(timeout));
                    // Announced first: the client may be quicker than this thread.
                    answers.expect(1);
                    let request = AckRequest::new(id, Answer::Many(answers.clone()), deadline);
                    if let Err(error) = socket.ask(packet.clone(), request, volatile).ok() {
                        answers.send(Err(error.into()));
                    }
                });
            }
            Operation::Join { room } => self.for_each(selection, |socket| _ = socket.join(&room)),
            Operation::Leave { room } => self.for_each(selection, |socket| _ = socket.leave(&room)),
            Operation::Disconnect { close: false } => self.for_each(selection, |socket| socket.disconnect()),
            Operation::Disconnect { close: true } => {
                self.for_each(selection, |socket| socket.disconnect_client());
            }
            Operation::Fetch { info } => self.for_each_connected(selection, |socket| {
                info.expect(1);
                info.send(SocketInfo::of(&socket));
            }),
            Operation::Count { counts } => {
                let mut count = 0;
                let count_connected = |socket: &Socket| count += usize::from(socket.is_connected());
                self.rooms().select(&selection.target(), count_connected);
                counts.expect(1);
                counts.send(count);
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

use std::cell::Cell;
use std::time::Duration;

use socketio_core::namespace::Target;
use socketio_core::packet::{AckId, RawArgs};
use socketio_core::{AckRequest, Encoded, SocketId};

use super::info::SocketInfo;
use crate::ack_error::AckError;
use crate::clock::after;
use crate::collection::Collector;
use crate::emit_status::EmitStatus;
use crate::namespace::Namespace;
use crate::session::Answer;
use crate::socket::Socket;

/// A selection of sockets of a namespace: those in any of `rooms`, or all if `rooms` is empty, without those in any of
/// `except` and without the sender.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    /// The sender.
    pub(crate) without: Option<SocketId>,
    /// Restricts the selection to sockets of this process.
    pub(crate) local: bool,
}

/// An operation on the sockets of a selection that are connected to this process.
#[derive(Debug)]
pub(crate) enum Operation {
    /// Sends a packet to each socket.
    Emit { packet: Encoded, volatile: bool },
    /// Sends a packet to each socket and collects the acks.
    Ask {
        packet: Encoded,
        volatile: bool,
        id: AckId,
        timeout: Option<Duration>,
        answers: Collector<Result<RawArgs, AckError>>,
    },
    /// Makes each socket join a room.
    Join { room: String },
    /// Makes each socket leave a room.
    Leave { room: String },
    /// Disconnects each socket from the namespace, or its client from all namespaces if `close` is set.
    Disconnect { close: bool },
    /// Collects a snapshot of each socket.
    Fetch { info: Collector<SocketInfo> },
    /// Counts the sockets.
    Count { counts: Collector<usize> },
}

thread_local! {
    /// A reused list for the sockets of a selection, which are collected under the namespace's lock and processed
    /// outside it.
    static SELECTED: Cell<Vec<Socket>> = const { Cell::new(Vec::new()) };
}

/// The capacity above which the list is freed after use.
const KEPT_SELECTED: usize = 64 * 1024;

impl Namespace {
    /// Sends an event to every socket of a selection, of this process and of other nodes.
    pub(super) fn broadcast(&self, selection: &Selection, packet: Encoded, volatile: bool) -> EmitStatus {
        #[cfg(feature = "cluster")]
        let status = self.tell_others(selection, &packet, volatile);
        #[cfg(not(feature = "cluster"))]
        let status = EmitStatus::Queued;
        if !matches!(status, EmitStatus::Invalid(_)) {
            self.perform(selection, Operation::Emit { packet, volatile });
        }
        status
    }

    /// Performs an operation on every socket of a selection that is connected to this process. All operations on many
    /// sockets use this function.
    pub(crate) fn perform(&self, selection: &Selection, operation: Operation) {
        match operation {
            // Two arms, so that `volatile` is a constant in each loop.
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
                    // Announced first: the ack may arrive before this thread continues.
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

    /// Calls a function with each connected socket of a selection, outside the lock. A disconnected socket may still be
    /// in its rooms until its session has processed the disconnect.
    pub(crate) fn for_each_connected(&self, selection: &Selection, mut f: impl FnMut(Socket)) {
        self.for_each(selection, |socket| {
            if socket.is_connected() {
                f(socket);
            }
        });
    }

    /// Calls a function with each socket of a selection, outside the lock. A socket in several rooms is visited once.
    pub(crate) fn for_each(&self, selection: &Selection, f: impl FnMut(Socket)) {
        let mut selected = SELECTED.try_with(Cell::take).unwrap_or_default();
        self.rooms().select(&selection.target(), |socket| selected.push(socket.clone()));
        selected.drain(..).for_each(f);
        if selected.capacity() <= KEPT_SELECTED {
            // The thread-local is already destroyed while the thread exits.
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

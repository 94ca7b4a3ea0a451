//! The part of operations on many sockets that other nodes of a cluster perform.

use std::time::Duration;

use socketio_core::Encoded;
use socketio_core::cluster::{
    Answer, Destination, Finished, NoAck, Operation as RemoteOperation, Question, RawArray,
};
use socketio_core::packet::RawArgs;
use tokio::sync::{mpsc, oneshot};

use super::info::SocketInfo;
use super::{Operation, Selection};
use crate::ack_error::AckError;
use crate::bus::{NotTold, Pending, Reply, Waiter};
use crate::clock::deadline;
use crate::collection::Collector;
use crate::emit_status::EmitStatus;
use crate::namespace::Namespace;

/// The time that other nodes have to answer, unless the caller sets a timeout; Node's `requestsTimeout`.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

impl Namespace {
    /// Sends an event to the selected sockets of other nodes.
    pub(super) fn tell_others(&self, selection: &Selection, packet: &Encoded, volatile: bool) -> EmitStatus {
        let Some(joined) = self.cluster().filter(|_| !selection.local) else { return EmitStatus::Queued };
        match joined.broadcast(self.path(), packet, &selection.target(), volatile) {
            Ok(()) => EmitStatus::Queued,
            Err(NotTold::Unreachable) => EmitStatus::Local,
            Err(NotTold::Invalid(error)) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Has other nodes perform an operation on the selected sockets. The returned receiver resolves when the broker has
    /// taken the operation.
    pub(super) fn operate_others(
        &self,
        selection: &Selection,
        operation: &Operation,
    ) -> Option<oneshot::Receiver<()>> {
        let joined = self.cluster().filter(|_| !selection.local)?;
        let to = Destination::from(selection);
        let operation = match operation {
            Operation::Join { room } => RemoteOperation::Join { to, rooms: vec![room.clone()] },
            Operation::Leave { room } => RemoteOperation::Leave { to, rooms: vec![room.clone()] },
            Operation::Disconnect { close } => RemoteOperation::Disconnect { to, close: *close },
            Operation::Emit { .. }
            | Operation::Ask { .. }
            | Operation::Fetch { .. }
            | Operation::Count { .. } => {
                return None;
            }
        };
        joined.operate(self.path(), operation).ok()
    }

    /// Sends an event to the selected sockets of other nodes and collects their acks.
    pub(super) fn ask_others(
        &self,
        selection: &Selection,
        packet: &Encoded,
        volatile: bool,
        timeout: Option<Duration>,
        acks: Collector<Result<RawArgs, AckError>>,
    ) -> Option<Pending> {
        let joined = self.cluster().filter(|_| !selection.local)?;
        let event = RawArray::of_packet(packet)?;
        let timeout = timeout.unwrap_or(joined.ack_timeout());
        let to = Destination::from(selection);
        let question = Question::Broadcast { event, to, volatile, timeout: Some(timeout), single: false };
        Some(joined.ask(self.path(), question, deadline(timeout), wait_for_acks(acks)))
    }

    /// Asks other nodes for snapshots of the selected sockets.
    pub(super) fn fetch_others(&self, selection: &Selection, timeout: Duration) -> Option<RemoteSnapshots> {
        let joined = self.cluster().filter(|_| !selection.local)?;
        let question = Question::Sockets { to: Destination::from(selection) };
        let (waiter, replies) = pass_on();
        let pending = joined.ask(self.path(), question, deadline(timeout), waiter);
        Some(RemoteSnapshots { replies, pending })
    }
}

/// Snapshots of sockets of other nodes, which are on their way.
pub(super) struct RemoteSnapshots {
    replies: mpsc::UnboundedReceiver<Reply>,
    pending: Pending,
}

impl RemoteSnapshots {
    /// Waits for all of them and appends them to a list. Returns the reason that some are missing.
    pub(super) async fn collect(mut self, sockets: &mut Vec<SocketInfo>) -> Option<Finished> {
        let mut missing = Some(Finished::Unreachable);
        while let Some(reply) = self.replies.recv().await {
            match reply {
                Reply::Answer(Answer::Sockets(facts)) => {
                    sockets.extend(facts.into_iter().map(SocketInfo::from_facts));
                }
                Reply::Answer(_) => {}
                Reply::Finished(Finished::Complete) => missing = None,
                Reply::Finished(how) => missing = Some(how),
            }
        }
        drop(self.pending);
        missing
    }
}

/// Returns a waiter that passes replies on to a receiver. The number of replies is bounded by the question's size of
/// answers.
pub(crate) fn pass_on() -> (Waiter, mpsc::UnboundedReceiver<Reply>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut sender = Some(sender);
    let waiter = move |reply| {
        let is_last = matches!(reply, Reply::Finished(_));
        if let Some(sender) = &sender {
            sender.send(reply).ok();
        }
        if is_last {
            sender = None;
        }
    };
    (Box::new(waiter), receiver)
}

/// Returns a waiter that adds the acks of other nodes to a collection.
fn wait_for_acks(acks: Collector<Result<RawArgs, AckError>>) -> Waiter {
    // The number of sockets that have not acknowledged the event yet; negative if acks precede their announcement.
    let mut outstanding = 0_i64;
    Box::new(move |reply| match reply {
        Reply::Answer(Answer::Clients(count)) => {
            let before = outstanding.max(0);
            outstanding += i64::from(count);
            acks.expect((outstanding.max(0) - before) as usize);
        }
        Reply::Answer(answer) => {
            let ack = match answer {
                Answer::Ack(array) => Ok(RawArgs::from(array)),
                Answer::Unanswered(NoAck::TimedOut) => Err(AckError::TimedOut),
                Answer::Unanswered(NoAck::NotSent) => Err(AckError::Full),
                Answer::Unanswered(_) => Err(AckError::Disconnected),
                _ => return,
            };
            if outstanding <= 0 {
                acks.expect(1);
            }
            outstanding -= 1;
            acks.send(ack);
        }
        Reply::Finished(how) => {
            for _ in 0..outstanding.max(0) {
                acks.send(Err(AckError::TimedOut));
            }
            let (nodes, error) = match how {
                Finished::Complete => return,
                Finished::Incomplete { missing, .. } => (missing.unwrap_or(1), AckError::Unreachable),
                Finished::Refused => (1, AckError::Full),
                _ => (1, AckError::Unreachable),
            };
            acks.expect(nodes);
            for _ in 0..nodes {
                acks.send(Err(error.clone()));
            }
        }
    })
}

impl From<&Selection> for Destination {
    fn from(selection: &Selection) -> Self {
        let without = selection.without.map(String::from);
        let except = selection.except.iter().cloned().chain(without).collect();
        Self { rooms: selection.rooms.clone(), except }
    }
}

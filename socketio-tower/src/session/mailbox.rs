use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use socketio_core::{DisconnectReason, LinkId};

use super::answered::Answered;
use super::command::Command;
use crate::config::{Overflow, Settings};
use crate::sync::{Mutex, MutexGuard};

/// The door through which everything from outside reaches the task that owns a connection: what handlers
/// and other threads emit, and the HTTP requests of the client.
///
/// Its lock is held for the moves of a few words, never across anyone's code. A push while the task runs
/// wakes nobody, because the task looks again before it rests.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    commands: Vec<Command>,
    /// The bytes that wait between `emit` and the kernel, or the HTTP server.
    queued_bytes: usize,
    /// Those of them that are not in `commands`: the kernel, or the HTTP server, has still to take them, as of the task's last
    /// turn.
    taken_bytes: usize,
    /// A packet that is larger than the bound, while more waits than the bound allows.
    large: Option<Box<Large>>,
    /// The bytes that have come from the client and that no handler has, as of the task's last turn.
    upstream_bytes: usize,
    /// The bytes of the bodies in `commands`.
    body_bytes: usize,
    /// Whether what would be sent could leave at once, as of the task's last turn.
    writable: bool,
    /// The answer to a GET that the HTTP server has not taken to its end.
    answer: Option<Box<Answered>>,
    /// The futures of the application that wait, as of the task's last turn.
    handlers: u32,
    task: Task,
    /// Whether the session is ending: requests are still served, packets are not.
    ending: bool,
    /// Those who wait until all is written.
    drained: Option<Box<Waiters>>,
}

/// A packet that is larger than the bound. It does not count against it: the bound is for what waits beside it.
#[derive(Debug)]
struct Large {
    size: usize,
    /// The bound when it was queued.
    bound: usize,
    /// The bytes of the packets that were queued after it.
    behind: usize,
}

/// ```text
///   Running ──rest──▶ Idle ──push──▶ Running      any ──close──▶ Closed
/// ```
#[derive(Debug, Default)]
enum Task {
    /// It takes what is there before it rests: it has been woken, or was never at rest.
    #[default]
    Running,
    Idle(Waker),
    Closed,
}

/// What the task has in its hands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backlog {
    /// The bytes that the kernel has still to take.
    pub(crate) downstream_bytes: usize,
    /// The bytes that have come from the client and that no handler has.
    pub(crate) upstream_bytes: usize,
    /// Whether a packet could leave at once if nothing waited before it.
    pub(crate) writable: bool,
    /// The futures of the application that wait.
    pub(crate) handlers: u32,
}

/// What became of a packet at the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// The bytes that wait have reached the bound; the packet was not taken.
    Full,
    /// It was to be sent at once or never, and something waits; it was not taken.
    Dropped,
    Gone,
}

impl Mailbox {
    /// Queues a command with a packet of this size, unless the bytes that wait would exceed the bound. One
    /// packet that is larger than the bound may wait as well: the bound is then for what waits beside it. At
    /// the bound the session may be ended, which is asked of the task once.
    pub(crate) fn push_packet(&self, size: usize, settings: &Settings, command: Command) -> Pushed {
        let mut inner = self.lock();
        if inner.ending {
            return Pushed::Gone;
        }
        if !inner.admit(size, settings.max_queued_bytes) {
            if settings.overflow == Overflow::Close {
                inner.ending = true;
                push(inner, Command::Close { reason: DisconnectReason::ForcedServerClose });
            }
            return Pushed::Full;
        }
        push(inner, command);
        Pushed::Queued
    }

    /// Queues a command with a packet of this size if it can leave at once: nothing waits before it, and the client's
    /// transport takes it.
    pub(crate) fn push_volatile(&self, size: usize, settings: &Settings, command: Command) -> Pushed {
        let mut inner = self.lock();
        if inner.ending {
            return Pushed::Gone;
        }
        if !inner.writable || inner.queued_bytes > 0 || !inner.admit(size, settings.max_queued_bytes) {
            return Pushed::Dropped;
        }
        push(inner, command);
        Pushed::Queued
    }

    /// Queues what has no size; gives it back if the session is over.
    pub(crate) fn push(&self, command: Command) -> Result<(), Command> {
        let inner = self.lock();
        if matches!(inner.task, Task::Closed) {
            return Err(command);
        }
        push(inner, command);
        Ok(())
    }

    /// Queues the body of a POST; nothing happens if the session is over.
    pub(crate) fn push_body(&self, link: LinkId, body: Bytes) {
        let mut inner = self.lock();
        if !matches!(inner.task, Task::Closed) {
            inner.body_bytes += body.len();
            push(inner, Command::Body { link, body });
        }
    }

    /// The bytes that wait between the kernel and a handler.
    pub(crate) fn received_bytes(&self) -> usize {
        let inner = self.lock();
        inner.body_bytes + inner.upstream_bytes
    }

    /// The futures of the application that wait.
    pub(crate) fn handlers(&self) -> usize {
        self.lock().handlers as usize
    }

    /// The bytes that wait between `emit` and the kernel, or the HTTP server.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock().queued_bytes
    }

    /// The next piece of an answer, for the HTTP server; none if the task has dropped it. With the last piece the task is told
    /// that the answer is delivered: it is woken only if it has nothing else to wait for.
    pub(crate) fn take_piece(&self, link: LinkId, now: Instant) -> Option<Bytes> {
        let mut inner = self.lock();
        let ending = inner.ending;
        let answer = inner.answer.as_mut().filter(|answer| answer.link == link)?;
        let before = answer.size();
        let (piece, is_last) = answer.take_piece();
        if !ending {
            answer.moved = now;
        }
        let taken = before - answer.size();
        inner.queued_bytes -= taken;
        inner.taken_bytes -= taken;
        if is_last {
            inner.drop_answer();
            let command = Command::Delivered { link, moved: now };
            if ending {
                push(inner, command);
            } else {
                inner.commands.push(command);
                wake_drained(inner);
            }
        }
        Some(piece)
    }

    /// For the task: the packets that answer a GET, which the HTTP server takes piece by piece.
    pub(crate) fn answer(&self, link: LinkId, packets: Vec<u8>, now: Instant) {
        let mut inner = self.lock();
        let answer = Answered::new(link, packets.into(), now);
        if let Some(large) = &mut inner.large {
            // Binary is a third longer here.
            large.size = large.size.max(answer.size());
        }
        inner.queued_bytes += answer.size();
        inner.taken_bytes += answer.size();
        inner.answer = Some(Box::new(answer));
    }

    /// For the task: how many bytes of the answer are left, and when the last piece was taken, or the answer was given, while
    /// the session lived.
    pub(crate) fn answer_progress(&self) -> Option<(usize, Instant)> {
        self.lock().answer.as_ref().map(|answer| (answer.left(), answer.moved))
    }

    /// For the task: the answer is not waited for any longer.
    pub(crate) fn drop_answer(&self, link: LinkId) {
        let mut inner = self.lock();
        if inner.answer.as_ref().is_some_and(|answer| answer.link == link) {
            let answer = inner.drop_answer();
            drop(inner);
            drop(answer);
        }
    }

    /// True if nothing waits; otherwise the waker is called when that is so, or when the session is over.
    pub(crate) fn poll_drained(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        let drained = matches!(inner.task, Task::Closed) || inner.queued_bytes == 0;
        if !drained {
            inner.drained.get_or_insert_default().add(waker);
        }
        drained
    }

    /// For the task: it has begun to run, and need not be woken.
    pub(crate) fn run(&self) {
        let mut inner = self.lock();
        if matches!(inner.task, Task::Idle(_)) {
            inner.task = Task::Running;
        }
    }

    /// For the task, in every turn: takes what is there into an empty list, and tells what of earlier
    /// turns the kernel has still to take, and whether a packet could leave at once.
    pub(crate) fn take(&self, into: &mut Vec<Command>, downstream_bytes: usize, writable: bool) {
        let mut inner = self.lock();
        std::mem::swap(&mut inner.commands, into);
        inner.writable = writable;
        inner.tell_downstream(downstream_bytes);
        inner.taken_bytes = inner.queued_bytes;
        inner.upstream_bytes += std::mem::take(&mut inner.body_bytes);
        wake_drained(inner);
    }

    /// For the task, when it gives way to others before it rests: tells what it has in its hands.
    pub(crate) fn note(&self, backlog: Backlog) {
        let mut inner = self.lock();
        inner.writable = backlog.writable;
        inner.tell_downstream(backlog.downstream_bytes);
        inner.upstream_bytes = backlog.upstream_bytes;
        inner.handlers = backlog.handlers;
    }

    /// For the task, at the end of its turn: tells what the kernel has still to take, and rests. False if
    /// something has come meanwhile.
    pub(crate) fn rest(&self, backlog: Backlog, waker: &Waker) -> bool {
        let mut inner = self.lock();
        inner.writable = backlog.writable;
        inner.tell_downstream(backlog.downstream_bytes);
        inner.upstream_bytes = backlog.upstream_bytes;
        inner.handlers = backlog.handlers;
        if !inner.commands.is_empty() {
            return false;
        }
        inner.task = Task::Idle(waker.clone());
        wake_drained(inner);
        true
    }

    /// For the task: packets are refused from now on.
    pub(crate) fn end(&self) {
        self.lock().ending = true;
    }

    /// For the task: the session is over. What is still there is given back.
    pub(crate) fn close(&self) -> Vec<Command> {
        let mut inner = self.lock();
        inner.task = Task::Closed;
        inner.ending = true;
        inner.queued_bytes = 0;
        inner.taken_bytes = 0;
        inner.upstream_bytes = 0;
        inner.body_bytes = 0;
        inner.handlers = 0;
        let drained = std::mem::take(&mut inner.drained);
        let commands = std::mem::take(&mut inner.commands);
        let answer = inner.answer.take();
        drop(inner);
        drop(answer);
        Waiters::wake(drained);
        commands
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The task has so many bytes that the kernel has still to take.
    fn tell_downstream(&mut self, downstream_bytes: usize) {
        let taken = downstream_bytes + self.answer.as_ref().map_or(0, |answer| answer.size());
        self.queued_bytes = self.queued_bytes - self.taken_bytes + taken;
        self.taken_bytes = taken;
        if self.large.as_ref().is_some_and(|large| self.queued_bytes <= large.bound) {
            self.large = None;
        }
    }

    fn drop_answer(&mut self) -> Option<Box<Answered>> {
        let answer = self.answer.take();
        let size = answer.as_ref().map_or(0, |answer| answer.size());
        self.queued_bytes -= size;
        self.taken_bytes -= size;
        answer
    }

    /// Counts a packet, if there is room for it.
    #[inline]
    fn admit(&mut self, size: usize, bound: usize) -> bool {
        let queued = self.queued_bytes.saturating_add(size);
        if queued > bound {
            return self.admit_large(size, bound);
        }
        self.queued_bytes = queued;
        true
    }

    /// The same for a packet that is larger than the bound, or waits beside one.
    #[cold]
    fn admit_large(&mut self, size: usize, bound: usize) -> bool {
        match &mut self.large {
            None if size > bound => self.large = Some(Box::new(Large { size, bound, behind: 0 })),
            // Packets leave in order: those before the large one, the large one, those behind it.
            Some(large) if size <= bound => {
                let beside = self.queued_bytes.saturating_sub(large.size).max(large.behind);
                if beside + size > bound {
                    return false;
                }
                large.behind += size;
            }
            _ => return false,
        }
        self.queued_bytes += size;
        true
    }
}

/// Those who wait until all is written. In a box, because most sessions have none.
#[derive(Debug, Default)]
struct Waiters(Vec<Waker>);

impl Waiters {
    fn add(&mut self, waker: &Waker) {
        if !self.0.iter().any(|other| other.will_wake(waker)) {
            self.0.push(waker.clone());
        }
    }

    fn wake(waiting: Option<Box<Self>>) {
        if let Some(waiting) = waiting {
            waiting.0.into_iter().for_each(Waker::wake);
        }
    }
}

/// Wakes those who wait until all is written, if it is, after the lock is released.
fn wake_drained(mut inner: MutexGuard<'_, Inner>) {
    if inner.drained.is_some() && inner.queued_bytes == 0 {
        let drained = std::mem::take(&mut inner.drained);
        drop(inner);
        Waiters::wake(drained);
    }
}

/// Adds a command and wakes the task if it is at rest, after the lock is released.
fn push(mut inner: MutexGuard<'_, Inner>, command: Command) {
    inner.commands.push(command);
    if let Task::Idle(_) = inner.task
        && let Task::Idle(waker) = std::mem::take(&mut inner.task)
    {
        drop(inner);
        waker.wake();
    }
}

#[cfg(all(test, socketio_loom))]
mod models;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_for_what_waits_beside_a_large_packet() {
        let bound = 1000;
        let mut inner = Inner::default();
        assert!(inner.admit(500, bound));
        assert!(inner.admit(5000, bound), "one may be larger");
        assert!(!inner.admit(5000, bound), "and no other");
        assert!(inner.admit(400, bound));
        assert!(!inner.admit(200, bound));
        // What was before it has left, and a part of it.
        inner.taken_bytes = inner.queued_bytes;
        inner.tell_downstream(3000 + 400);
        assert!(inner.admit(600, bound));
        assert!(!inner.admit(1, bound));
        // It has left.
        inner.taken_bytes = inner.queued_bytes;
        inner.tell_downstream(1000);
        assert!(!inner.admit(1, bound));
        inner.tell_downstream(900);
        assert!(inner.admit(100, bound));
        assert!(inner.admit(2000, bound));
    }
}

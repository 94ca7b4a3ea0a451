use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use socketio_core::{DisconnectReason, LinkId};

use super::answered::PendingResponse;
use super::command::Command;
use crate::config::{Overflow, Settings};
use crate::sync::{Mutex, MutexGuard};

/// The queue through which all input reaches the task that owns a connection: packets from handlers and other threads,
/// and the client's HTTP requests.
///
/// Its lock is held only to move a few words, never while other code runs. A push while the task runs needs no wake-up,
/// because the task checks the queue again before it rests.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    commands: Vec<Command>,
    /// The bytes queued between `emit` and the kernel or the HTTP server.
    queued_bytes: usize,
    /// The part of `queued_bytes` that is no longer in `commands` but not yet taken by the kernel or the HTTP server,
    /// as of the last time that the task took commands or rested.
    taken_bytes: usize,
    /// A packet larger than the bound, while the queue exceeds the bound.
    large: Option<Box<Large>>,
    /// The bytes received from the client but not yet passed to a handler, as of the task's last turn.
    upstream_bytes: usize,
    /// The bytes of the bodies in `commands`.
    body_bytes: usize,
    /// Set if a packet could leave immediately, as of the task's last turn.
    writable: bool,
    /// The response to a GET that the HTTP server has not completely taken.
    response: Option<Box<PendingResponse>>,
    /// The number of the application's pending futures, as of the task's last turn.
    handlers: u32,
    task: TaskState,
    /// Set when the session is ending: requests are still served, packets are rejected.
    ending: bool,
    /// The wakers of tasks that wait until the queue is empty.
    drained: Option<Box<Waiters>>,
}

/// A packet larger than the bound. It does not count towards the bound, which then applies to the other packets.
#[derive(Debug)]
struct Large {
    size: usize,
    /// The bound at the time it was queued.
    bound: usize,
    /// The bytes of the packets that were queued after it.
    behind: usize,
}

/// ```text
///   Running ──rest──▶ Idle ──push──▶ Running      any ──close──▶ Closed
/// ```
#[derive(Debug, Default)]
enum TaskState {
    /// The task has been woken, or never rested. It will take all commands before it rests.
    #[default]
    Running,
    Idle(Waker),
    Closed,
}

/// The amount of work in progress in the task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backlog {
    /// The bytes that the kernel has not yet taken.
    pub(crate) downstream_bytes: usize,
    /// The bytes received from the client but not yet passed to a handler.
    pub(crate) upstream_bytes: usize,
    /// Set if a packet could leave immediately with nothing queued before it.
    pub(crate) writable: bool,
    /// The number of the application's pending futures.
    pub(crate) handlers: u32,
}

/// The outcome of pushing a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// The queued bytes have reached the bound; the packet was discarded.
    Full,
    /// The packet was volatile and could not leave immediately; it was discarded.
    Dropped,
    Gone,
}

impl Mailbox {
    /// Queues a command with a packet of `size` bytes, unless the queued bytes would exceed the bound. One packet
    /// larger than the bound is queued too; the bound then applies to the other packets. With [`Overflow::Close`],
    /// exceeding the bound closes the session; the task receives that command once.
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

    /// Queues a command with a packet of `size` bytes if it can leave immediately: nothing is queued before it, and the
    /// client's transport is writable.
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

    /// Queues a command without a packet.
    ///
    /// # Errors
    ///
    /// Returns the command if the session is over.
    pub(crate) fn push(&self, command: Command) -> Result<(), Command> {
        let inner = self.lock();
        if matches!(inner.task, TaskState::Closed) {
            return Err(command);
        }
        push(inner, command);
        Ok(())
    }

    /// Queues the body of a POST. Has no effect if the session is over.
    pub(crate) fn push_body(&self, link: LinkId, body: Bytes) {
        let mut inner = self.lock();
        if !matches!(inner.task, TaskState::Closed) {
            inner.body_bytes += body.len();
            push(inner, Command::Body { link, body });
        }
    }

    /// Returns the number of bytes queued between the kernel and the handlers.
    pub(crate) fn received_bytes(&self) -> usize {
        let inner = self.lock();
        inner.body_bytes + inner.upstream_bytes
    }

    /// Returns the number of the application's pending futures.
    pub(crate) fn handlers(&self) -> usize {
        self.lock().handlers as usize
    }

    /// Returns the number of bytes queued between `emit` and the kernel or the HTTP server.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock().queued_bytes
    }

    /// Takes the next piece of a response, for the HTTP server. Returns `None` if the task has dropped the response.
    ///
    /// Taking the last piece queues a command that the response is delivered. It wakes the task only when the session
    /// is ending.
    pub(crate) fn take_piece(&self, link: LinkId, now: Instant) -> Option<Bytes> {
        let mut inner = self.lock();
        let ending = inner.ending;
        let response = inner.response.as_mut().filter(|response| response.link == link)?;
        let before = response.size();
        let (piece, is_last) = response.take_piece();
        if !ending {
            response.moved = now;
        }
        let taken = before - response.size();
        inner.queued_bytes -= taken;
        inner.taken_bytes -= taken;
        if is_last {
            inner.drop_response();
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

    /// Stores the packets of a response to a GET, for the HTTP server to take piece by piece. Called by the task.
    pub(crate) fn respond(&self, link: LinkId, packets: Vec<u8>, now: Instant) {
        let mut inner = self.lock();
        let response = PendingResponse::new(link, packets.into(), now);
        if let Some(large) = &mut inner.large {
            // Binary data is a third larger in base64.
            large.size = large.size.max(response.size());
        }
        inner.queued_bytes += response.size();
        inner.taken_bytes += response.size();
        inner.response = Some(Box::new(response));
    }

    /// Returns the number of bytes left of the current response and the time of its last progress before the session
    /// began to end. Called by the task.
    pub(crate) fn response_progress(&self) -> Option<(usize, Instant)> {
        self.lock().response.as_ref().map(|response| (response.left(), response.moved))
    }

    /// Drops a response that is no longer needed. Called by the task.
    pub(crate) fn drop_response(&self, link: LinkId) {
        let mut inner = self.lock();
        if inner.response.as_ref().is_some_and(|response| response.link == link) {
            let response = inner.drop_response();
            drop(inner);
            drop(response);
        }
    }

    /// Returns `true` if nothing is queued or the session is over. Otherwise `waker` is called once that is the case.
    pub(crate) fn poll_drained(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        let drained = matches!(inner.task, TaskState::Closed) || inner.queued_bytes == 0;
        if !drained {
            inner.drained.get_or_insert_default().add(waker);
        }
        drained
    }

    /// Marks the task as running, so that pushes do not wake it, and swaps the commands with the empty list `into`.
    /// Called by the task when it is polled.
    pub(crate) fn run(&self, into: &mut Vec<Command>) {
        let mut inner = self.lock();
        if matches!(inner.task, TaskState::Idle(_)) {
            inner.task = TaskState::Running;
        }
        inner.hand_over(into);
    }

    /// Swaps the commands with the empty list `into`, and records the bytes that the kernel has not yet taken and
    /// whether a packet could leave immediately. Called by the task in every turn, after it has handled the commands
    /// that it took before.
    pub(crate) fn take(&self, into: &mut Vec<Command>, downstream_bytes: usize, writable: bool) {
        let mut inner = self.lock();
        inner.writable = writable;
        inner.set_downstream(downstream_bytes);
        inner.hand_over(into);
        wake_drained(inner);
    }

    /// Records the work in progress when the task yields before it rests, and exchanges lists as [`rest`](Self::rest)
    /// does. Called by the task.
    pub(crate) fn note(&self, backlog: Backlog, spare: &mut Vec<Command>) {
        let mut inner = self.lock();
        inner.note(backlog);
        inner.release(spare);
    }

    /// Records the work in progress and marks the task as idle. Returns `false` if commands have arrived meanwhile.
    /// Called by the task at the end of its turn.
    ///
    /// Of the mailbox's list and the empty list `spare`, the mailbox keeps the one with less room, for the first
    /// commands that arrive while the task is idle, and leaves the other one in `spare`.
    pub(crate) fn rest(&self, backlog: Backlog, waker: &Waker, spare: &mut Vec<Command>) -> bool {
        let mut inner = self.lock();
        inner.note(backlog);
        if !inner.commands.is_empty() {
            return false;
        }
        inner.release(spare);
        inner.task = TaskState::Idle(waker.clone());
        wake_drained(inner);
        true
    }

    /// Rejects packets from now on. Called by the task.
    pub(crate) fn end(&self) {
        self.lock().ending = true;
    }

    /// Closes the mailbox and returns the commands left in it. Called by the task when it ends.
    pub(crate) fn close(&self) -> Vec<Command> {
        let mut inner = self.lock();
        inner.task = TaskState::Closed;
        inner.ending = true;
        inner.queued_bytes = 0;
        inner.taken_bytes = 0;
        inner.upstream_bytes = 0;
        inner.body_bytes = 0;
        inner.handlers = 0;
        let drained = std::mem::take(&mut inner.drained);
        let commands = std::mem::take(&mut inner.commands);
        let response = inner.response.take();
        drop(inner);
        drop(response);
        Waiters::wake(drained);
        commands
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code under the lock can panic with the state half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The maximum capacity of an empty list that stays in the mailbox between two polls of its task: enough for the packets
/// of a few broadcasts.
const MAX_IDLE_COMMANDS: usize = 4;

impl Inner {
    /// Swaps the commands with an empty list. Their bytes count as taken by the task.
    fn hand_over(&mut self, into: &mut Vec<Command>) {
        debug_assert!(into.is_empty(), "commands are handled in order");
        std::mem::swap(&mut self.commands, into);
        self.taken_bytes = self.queued_bytes;
        self.upstream_bytes += std::mem::take(&mut self.body_bytes);
    }

    /// Leaves the list with more room in `spare`. Does nothing while commands wait.
    fn release(&mut self, spare: &mut Vec<Command>) {
        if !self.commands.is_empty() {
            return;
        }
        if self.commands.capacity() > spare.capacity() {
            std::mem::swap(&mut self.commands, spare);
        }
        if self.commands.capacity() > MAX_IDLE_COMMANDS {
            self.commands = Vec::new();
        }
    }

    fn note(&mut self, backlog: Backlog) {
        self.writable = backlog.writable;
        self.set_downstream(backlog.downstream_bytes);
        self.upstream_bytes = backlog.upstream_bytes;
        self.handlers = backlog.handlers;
    }

    /// Sets the number of bytes in the task that the kernel has not yet taken.
    fn set_downstream(&mut self, downstream_bytes: usize) {
        let taken = downstream_bytes + self.response.as_ref().map_or(0, |response| response.size());
        self.queued_bytes = self.queued_bytes - self.taken_bytes + taken;
        self.taken_bytes = taken;
        if self.large.as_ref().is_some_and(|large| self.queued_bytes <= large.bound) {
            self.large = None;
        }
    }

    /// Takes the current response and stops counting its bytes.
    fn drop_response(&mut self) -> Option<Box<PendingResponse>> {
        let response = self.response.take();
        let size = response.as_ref().map_or(0, |response| response.size());
        self.queued_bytes -= size;
        self.taken_bytes -= size;
        response
    }

    /// Counts a packet if the bound allows it. Returns `false` otherwise.
    #[inline]
    fn admit(&mut self, size: usize, bound: usize) -> bool {
        let queued = self.queued_bytes.saturating_add(size);
        if queued > bound {
            return self.admit_large(size, bound);
        }
        self.queued_bytes = queued;
        true
    }

    /// Like [`admit`](Self::admit), for a packet larger than the bound or queued next to one.
    #[cold]
    fn admit_large(&mut self, size: usize, bound: usize) -> bool {
        match &mut self.large {
            None if size > bound => self.large = Some(Box::new(Large { size, bound, behind: 0 })),
            // Packets leave in order: those before the large one, the large one, those after it.
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

/// The wakers of tasks that wait for an empty queue. Boxed, because most sessions have none.
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

/// Releases the lock and wakes the waiters if nothing is queued.
fn wake_drained(mut inner: MutexGuard<'_, Inner>) {
    if inner.drained.is_some() && inner.queued_bytes == 0 {
        let drained = std::mem::take(&mut inner.drained);
        drop(inner);
        Waiters::wake(drained);
    }
}

/// Adds a command. If the task is idle, releases the lock and wakes the task.
fn push(mut inner: MutexGuard<'_, Inner>, command: Command) {
    inner.commands.push(command);
    if let TaskState::Idle(_) = inner.task
        && let TaskState::Idle(waker) = std::mem::take(&mut inner.task)
    {
        drop(inner);
        waker.wake();
    }
}

#[cfg(all(test, socketio_loom))]
mod models;

#[cfg(test)]
mod tests;

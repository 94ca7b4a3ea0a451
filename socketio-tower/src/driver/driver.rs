use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use socketio_core::engine::{Open, RequestError, Response, Transmit};
use socketio_core::{Connection, DisconnectReason, LinkError, LinkId};

use super::dispatch::Dispatcher;
use super::streams::Streams;
use super::timer::Timer;
use super::turn::Turn;
use crate::clock::now;
use crate::namespace::NamespaceSet;
use crate::session::{Backlog, Command, Reply, Respond, Session};
use crate::trace::{self, Span};
use crate::transport::PendingStream;

pin_project! {
    /// The task of one session. It owns the connection and everything that drives it: streams, pending requests, the
    /// application's futures and one timer.
    #[must_use = "a session makes no progress unless its driver is spawned"]
    pub(crate) struct Driver {
        work: Work,
        #[pin]
        timer: Timer,
        span: Span,
    }
}

/// The state of a driver, without its timer.
struct Work {
    dispatcher: Dispatcher,
    streams: Streams,
    /// GETs that wait for packets, and POSTs whose packets have not all been read.
    requests: Vec<(LinkId, Respond)>,
    /// The number of bytes of replies that the connection itself has queued since a turn last began with an empty
    /// queue.
    reply_bytes: usize,
    /// The commands taken from the mailbox when the task was polled, until `drain_mailbox` handles them. Between two
    /// polls, the list has no room: it is the thread's.
    commands: Vec<Command>,
}

impl Driver {
    /// Creates the driver of a session that was opened by the request `open` and is already in the session table.
    pub(crate) fn new(namespaces: Arc<NamespaceSet>, session: Arc<Session>, open: &Open) -> Self {
        let now = now();
        let connection =
            Connection::open(Arc::clone(&namespaces.server().settings().core), &session.sid, open, now);
        let span = trace::session_span(session.transport());
        let work = Work {
            dispatcher: Dispatcher::new(namespaces, session, connection),
            streams: Streams::default(),
            requests: Vec::new(),
            reply_bytes: 0,
            commands: Vec::new(),
        };
        Self { work, timer: Timer::new(now), span }
    }

    /// Adds the stream that the session is opened on.
    pub(crate) fn with_stream(mut self, stream: PendingStream) -> Self {
        let link = self.work.dispatcher.session.new_link();
        self.work.streams.insert(
            link,
            stream,
            None,
            now() + self.work.dispatcher.settings().core.upgrade_timeout,
        );
        self
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let work = this.work;
        let _entered = this.span.enter();
        work.commands = take_list();
        work.dispatcher.session.mailbox.run(&mut work.commands);
        let polled = work.poll(this.timer, cx);
        keep_list(std::mem::take(&mut work.commands));
        polled
    }
}

impl Work {
    fn poll(&mut self, mut timer: Pin<&mut Timer>, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS_PER_POLL {
            let now = now();
            let turn = &Turn::new(cx, now);
            let was_behind = self.dispatcher.connection.is_behind();
            if self.downstream_bytes() == 0 {
                self.reply_bytes = 0;
            }
            let mut again = self.counting_replies(|work| work.drive_read(turn));
            again |= self.drive_timer(turn);
            again |= self.counting_replies(|work| work.dispatch(turn));
            self.limit_replies(now);
            again |= self.drain_mailbox(now);
            again |= self.drive_transmit(turn);
            // No input was read while the connection was behind. If it is behind now, it has events to dispatch.
            if again || was_behind || self.dispatcher.connection.is_behind() {
                continue;
            }
            if self.is_over() {
                return Poll::Ready(());
            }
            if let Some(deadline) = self.timeout()
                && timer.as_mut().arm(deadline, turn)
            {
                continue;
            }
            if self.become_idle(cx) {
                return Poll::Pending;
            }
        }
        self.dispatcher.session.mailbox.note(self.backlog(), &mut self.commands);
        // A task that wakes itself directly keeps its worker busy, and a busy worker checks for IO only every 61 polls.
        // `yield_now` wakes the task after such a check.
        let yielded = pin!(tokio::task::yield_now()).poll(cx);
        debug_assert!(yielded.is_pending(), "the first poll of `yield_now` is pending");
        Poll::Pending
    }
}

/// The number of turns after which a busy session yields to other tasks. One turn reads at most 256 KiB from each
/// stream.
const TURNS_PER_POLL: usize = 8;

/// The maximum size of the connection's queued replies to one client, in bytes. This is enough for thousands of replies
/// to CONNECT packets. The application's packets have a separate limit.
const MAX_REPLY_BYTES: usize = 1024 * 1024;

/// The steps of a turn. Each returns `true` if another turn is needed to finish its work: see the drain rule in
/// `docs/architecture.md`.
impl Work {
    fn drive_read(&mut self, turn: &Turn<'_>) -> bool {
        let write_timeout = self.dispatcher.settings().write_timeout;
        // Unread input stays in the kernel, so TCP applies back-pressure to the peer.
        !self.streams.is_empty()
            && !self.dispatcher.connection.is_behind()
            && self.streams.drive_read(&mut self.dispatcher, write_timeout, turn)
    }

    fn drive_timer(&mut self, turn: &Turn<'_>) -> bool {
        let now = turn.now;
        let mut again = false;
        if self.dispatcher.connection.poll_timeout().is_some_and(|deadline| now >= deadline) {
            again |= self.handle_timeout(now);
        }
        if let Some((link, deadline)) = self.undelivered_response()
            && now >= deadline
        {
            self.dispatcher.session.mailbox.drop_response(link);
            self.dispatcher.connection.handle_lost(link, LinkError::Stalled, now);
        }
        again | self.dispatcher.end_overdue(turn)
    }

    /// Handles an expired deadline, after all input that has already arrived.
    #[cold]
    fn handle_timeout(&mut self, now: Instant) -> bool {
        let again = self.drain_mailbox(now);
        self.take_progress();
        self.dispatcher.connection.handle_timeout(now);
        again
    }

    fn dispatch(&mut self, turn: &Turn<'_>) -> bool {
        let again = self.dispatcher.dispatch(turn);
        // A stream that the HTTP server hands over now would only be closed.
        if self.dispatcher.ended.is_some() {
            self.streams.abandon_opening();
        }
        again
    }

    /// Handles the commands taken when the task was polled, then those pushed since.
    fn drain_mailbox(&mut self, now: Instant) -> bool {
        let mut commands = std::mem::take(&mut self.commands);
        let mut again = self.handle_commands(&mut commands, now);
        let (downstream_bytes, writable) =
            (self.downstream_bytes(), self.dispatcher.connection.is_writable());
        self.dispatcher.session.mailbox.take(&mut commands, downstream_bytes, writable);
        again |= self.handle_commands(&mut commands, now);
        self.commands = commands;
        again
    }

    /// Handles commands in order and empties their list. Returns `true` if one of them may need another turn.
    fn handle_commands(&mut self, commands: &mut Vec<Command>, now: Instant) -> bool {
        let mut again = false;
        for command in commands.drain(..) {
            // Packets are transmitted in this turn; an event that one causes leaves the connection behind.
            again |= !matches!(command, Command::Send { .. } | Command::Ask { .. });
            self.handle_command(command, now);
        }
        again
    }

    fn drive_transmit(&mut self, turn: &Turn<'_>) -> bool {
        let mut again = false;
        let write_timeout = self.dispatcher.settings().write_timeout;
        while let Some(transmit) = self.dispatcher.connection.poll_transmit() {
            again |= self.transmit(transmit, turn.now);
        }
        if !self.streams.is_empty() {
            again |= self.streams.drive_write(&mut self.dispatcher.connection, write_timeout, turn);
        }
        again
    }
}

impl Work {
    /// Performs an action on a link. Returns `true` if it takes another turn to finish.
    fn transmit(&mut self, transmit: Transmit, now: Instant) -> bool {
        match transmit {
            Transmit::Message { link, packet } => self.streams.push(link, packet),
            Transmit::Respond { link, response } => self.respond(link, response, now),
            Transmit::Close { link, code } => {
                self.streams.close(link, code, now + self.dispatcher.settings().write_timeout);
                return true;
            }
            _ => {}
        }
        false
    }

    fn is_over(&self) -> bool {
        self.dispatcher.connection.is_finished()
            && self.dispatcher.connection.undelivered().is_none()
            && self.streams.is_empty()
            && self.dispatcher.running.is_empty()
            && self.dispatcher.sockets.is_empty()
    }

    fn timeout(&self) -> Option<Instant> {
        let streams = self.streams.timeout(self.dispatcher.settings().write_timeout);
        let response = self.undelivered_response().map(|(_, deadline)| deadline);
        [self.dispatcher.connection.poll_timeout(), streams, self.dispatcher.sockets.timeout(), response]
            .into_iter()
            .flatten()
            .min()
    }

    /// Reports progress of uploads and responses to the connection. Such progress does not wake the task.
    fn take_progress(&mut self) {
        if self.dispatcher.session.take_uploads() {
            self.requests.iter().for_each(|(link, _)| self.dispatcher.connection.handle_activity(*link));
        }
        if let Some(link) = self.dispatcher.connection.undelivered()
            && let Some((left, moved)) = self.dispatcher.session.mailbox.response_progress()
        {
            self.dispatcher.connection.handle_progress(link, left, moved);
        }
    }

    /// Returns the GET whose response is being delivered, and the deadline for the HTTP server to take its next piece.
    fn undelivered_response(&self) -> Option<(LinkId, Instant)> {
        let link = self.dispatcher.connection.undelivered()?;
        let (_, moved) = self.dispatcher.session.mailbox.response_progress()?;
        Some((link, moved + self.dispatcher.settings().write_timeout))
    }

    /// Marks the task as idle. Returns `false` if commands have arrived meanwhile.
    fn become_idle(&mut self, cx: &Context<'_>) -> bool {
        self.dispatcher.session.mailbox.rest(self.backlog(), cx.waker(), &mut self.commands)
    }

    fn backlog(&self) -> Backlog {
        Backlog {
            downstream_bytes: self.downstream_bytes(),
            upstream_bytes: self.dispatcher.connection.received_bytes() + self.streams.received_bytes(),
            writable: self.dispatcher.connection.is_writable(),
            handlers: u32::try_from(self.dispatcher.running.len()).unwrap_or(u32::MAX),
        }
    }

    fn downstream_bytes(&self) -> usize {
        self.dispatcher.connection.queued_bytes() + self.streams.queued_bytes()
    }

    /// Runs a step and counts the bytes of the replies that the connection queues in it. The step must not queue
    /// packets of the application; those of handlers that run in it go through the mailbox.
    fn counting_replies<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let queued = self.dispatcher.connection.queued_bytes();
        let result = step(self);
        self.reply_bytes += self.dispatcher.connection.queued_bytes().saturating_sub(queued);
        result
    }

    /// Closes the session if the client causes many replies, such as connect errors, without reading them. The
    /// application's packets have a separate limit.
    fn limit_replies(&mut self, now: Instant) {
        if self.reply_bytes > MAX_REPLY_BYTES {
            self.dispatcher.connection.close(DisconnectReason::ForcedClose, now);
            self.reply_bytes = 0;
        }
    }

    fn handle_command(&mut self, command: Command, now: Instant) {
        let connection = &mut self.dispatcher.connection;
        match command {
            Command::Send { socket, packet } => {
                if let Some(transmit) = connection.send_at_once(socket, packet) {
                    self.transmit(transmit, now);
                }
            }
            Command::Ask { socket, packet, request } => {
                connection.send(socket, packet, Some(*request));
            }
            Command::Disconnect { socket } => connection.disconnect(socket),
            // Sending fails if the receiver has been dropped.
            Command::Sockets { reply } => drop(reply.send(self.dispatcher.sockets.connected())),
            Command::DisconnectClient => connection.disconnect_client(now),
            Command::Close { reason } => connection.close(reason, now),
            Command::Poll { link, poll, respond } => {
                let accepted = connection.handle_poll(link, &poll, now);
                self.add_request(link, respond, accepted);
            }
            Command::Post { link, post, respond } => {
                let accepted = connection.handle_post(link, &post, now);
                self.add_request(link, respond, accepted);
            }
            Command::Body { link, body } => {
                self.counting_replies(|work| work.dispatcher.connection.handle_body(link, body, now));
            }
            Command::Delivered { link, moved } => {
                connection.handle_progress(link, 0, moved);
                connection.handle_delivered(link, now);
            }
            Command::LinkLost { link, why } => {
                self.dispatcher.session.mailbox.drop_response(link);
                connection.handle_lost(link, why, now);
                if why == LinkError::Aborted {
                    self.requests.retain(|(other, _)| *other != link);
                }
            }
            Command::Upgrade { link, upgrade } => {
                let (upgrade, stream) = *upgrade;
                let deadline = now + self.dispatcher.settings().core.upgrade_timeout;
                self.streams.insert(link, stream, Some(Box::new(upgrade)), deadline);
            }
        }
    }

    /// Stores a request until its response is ready, or responds with the error if it was not accepted.
    fn add_request(&mut self, link: LinkId, respond: Respond, accepted: Result<(), RequestError>) {
        match accepted {
            Ok(()) => self.requests.push((link, respond)),
            // Sending fails, here and in `respond`, if the receiver has been dropped. A `LinkLost` command follows
            // then.
            Err(error) => drop(respond.send(Reply::Whole(Response::Rejected(error)))),
        }
    }

    fn respond(&mut self, link: LinkId, response: Response, now: Instant) {
        if let Some(index) = self.requests.iter().position(|(other, _)| *other == link) {
            let (_, respond) = self.requests.swap_remove(index);
            let reply = match response {
                Response::Payload(packets) => {
                    let length = packets.len();
                    self.dispatcher.session.mailbox.respond(link, packets, now);
                    Reply::Packets { length }
                }
                other => Reply::Whole(other),
            };
            respond.send(reply).ok();
        }
    }
}

thread_local! {
    /// The list that holds the commands of a task while it is polled on this thread, so that a session has no room for
    /// them of its own.
    static SPARE: Cell<Vec<Command>> = const { Cell::new(Vec::new()) };
}

/// The maximum capacity of the list that a thread keeps for commands, 56 KiB.
const MAX_SPARE_COMMANDS: usize = 1024;

/// The initial capacity of that list.
const SPARE_COMMANDS: usize = 32;

fn take_list() -> Vec<Command> {
    let mut commands = SPARE.try_with(Cell::take).unwrap_or_default();
    if commands.capacity() == 0 {
        commands.reserve_exact(SPARE_COMMANDS);
    }
    commands
}

fn keep_list(commands: Vec<Command>) {
    if commands.is_empty() && commands.capacity() <= MAX_SPARE_COMMANDS {
        // An error means that the thread is exiting, so the list is not needed.
        SPARE.try_with(|spare| spare.set(commands)).ok();
    }
}

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use socketio_core::packet::{self, AckId};
use socketio_core::{DisconnectReason, Event, Pending, SocketKey};

use super::Answer;
use super::driver::Work;
use super::local::LocalSocket;
use super::running::{Ended, Job, Task, contained, keep_spare, take_spare};
use crate::handler::{
    BoxFuture, BoxHandler, ConnectContext, EventContext, ExtractError, HandlerError, Outcome,
};
use crate::socket::Socket;
use crate::trace::{self, Span};

/// What becomes of the connection's events: sockets, and handlers that run.
impl Work {
    pub(super) fn take(&mut self, event: Event<Answer>, cx: &mut Context<'_>, now: Instant) {
        match event {
            Event::Connect(pending) => self.connect(pending, cx, now),
            Event::Received { socket, event, ack } => self.received(socket, event, ack, cx, now),
            // Whoever asked may have given up.
            Event::Acknowledged { token, args } => drop(token.send(Ok(args))),
            Event::Unanswered { token, why } => drop(token.send(Err(why))),
            Event::Disconnected { socket, reason } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    local.leave(reason, now + self.io.settings().handler_grace);
                    self.farewell(socket, cx, now);
                }
            }
            Event::Upgraded => {
                self.session.upgraded();
                trace::session_upgraded(self.session.transport());
            }
            Event::Closed(reason) => self.closed(reason),
            _ => {}
        }
    }

    fn connect(&mut self, mut pending: Pending, cx: &mut Context<'_>, now: Instant) {
        let Some(namespace) = self.io.namespaces().resolve(pending.namespace()) else {
            self.connection.reject_unknown(pending);
            return;
        };
        // Those that have left, but whose handlers still run, are counted too.
        if self.sockets.len() >= 2 * self.io.settings().core.max_namespaces {
            self.connection.reject(pending, "Too many namespaces", None);
            return;
        }
        let (id, key, auth) = (self.io.new_socket_id(), pending.socket(), pending.take_auth());
        let table = namespace.table();
        let socket = Socket::new(id, key, Arc::clone(&self.session), namespace, self.io.clone());
        let local = LocalSocket::new(socket, table, auth);
        match local.admission() {
            Some(future) => {
                let span = trace::event_span(&local.socket, "middleware");
                self.start(Job::admission(pending, local, future, span), cx, now);
            }
            None => self.accept(pending, local, cx, now),
        }
    }

    fn accept(&mut self, pending: Pending, mut local: LocalSocket, cx: &mut Context<'_>, now: Instant) {
        let key = local.socket.key();
        // A member before the reply is queued: a broadcast comes through the mailbox, and so after it.
        if !local.connect() {
            self.connection.reject(pending, "id taken", None);
            return;
        }
        if self.connection.accept(pending, &local.socket.id()).is_none() {
            return;
        }
        let (table, socket) = (Arc::clone(&local.table), local.socket.clone());
        let context = ConnectContext { socket: socket.clone(), auth: local.auth.take() };
        self.sockets.insert(local);
        match table.connect() {
            Some(handler) => {
                let span = trace::event_span(&socket, "connect");
                self.run(key, Task::Connect, span, call(handler, context), cx, now);
            }
            None => self.connection.resume(key),
        }
    }

    fn received(
        &mut self,
        key: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let limit = self.io.settings().concurrency;
        let Some(local) = self.sockets.get_mut(key) else { return };
        if local.running >= limit {
            // Its last events came with its end, when there is no gate to wait at any more.
            return;
        }
        let Some(handler) = local.table.event(event.name()) else {
            trace::unknown_event(&local.socket, event.name());
            return;
        };
        let span = trace::event_span(&local.socket, event.name());
        let called = call(handler, EventContext { socket: local.socket.clone(), event, ack });
        self.run(key, Task::Event, span, called, cx, now);
        if let Some(local) = self.sockets.get_mut(key)
            && local.running >= limit
        {
            local.crowded = true;
            self.connection.park(key);
        }
    }

    /// Polls a handler that was called, once and in place.
    fn run(
        &mut self,
        key: SocketKey,
        task: Task,
        span: Span,
        called: Called,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.running += 1;
        match called {
            Some(Ok(future)) => self.start(Job::handler(key, task, future, span), cx, now),
            Some(Err(error)) => {
                self.ended(key, task, Ended::Handled(Err(HandlerError::BadArgs(error))), cx, now);
            }
            None => self.ended(key, task, Ended::Handled(Err(HandlerError::Panicked)), cx, now),
        }
    }

    fn start(&mut self, mut job: Job, cx: &mut Context<'_>, now: Instant) {
        match job.start(cx) {
            Poll::Ready((task, ended)) => self.ended(job.socket, task, ended, cx, now),
            Poll::Pending => self.running.push(job),
        }
    }

    /// A future of the application has ended.
    pub(super) fn ended(
        &mut self,
        key: SocketKey,
        task: Task,
        ended: Ended,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let outcome = match (task, ended) {
            (Task::Admit(asking), Ended::Admitted(verdict)) => {
                let (pending, local) = *asking;
                match verdict {
                    Ok(()) => self.accept(pending, local, cx, now),
                    Err(error) => self.connection.reject(pending, error.message(), error.data()),
                }
                return;
            }
            (Task::Disconnect, Ended::Handled(outcome)) => {
                self.blame(key, outcome);
                self.sockets.remove(key);
                return;
            }
            // A socket whose connect handler failed is not what its events' handlers count on.
            (Task::Connect, Ended::Handled(Err(error))) => {
                self.connection.disconnect(key, false, now);
                Err(error)
            }
            (Task::Connect, Ended::Handled(Ok(()))) => {
                self.connection.resume(key);
                Ok(())
            }
            (_, Ended::Handled(outcome)) => outcome,
            (_, Ended::Admitted(_)) => return,
        };
        self.blame(key, outcome);
        if let Some(local) = self.sockets.get_mut(key) {
            local.running -= 1;
            if std::mem::take(&mut local.crowded) {
                self.connection.resume(key);
            }
            self.farewell(key, cx, now);
        }
    }

    fn blame(&mut self, key: SocketKey, outcome: Outcome) {
        if let Err(error) = outcome
            && let Some(local) = self.sockets.get_mut(key)
        {
            // A panic in the hook must not take the client's other sockets along.
            contained(|| local.table.error(&local.socket, &error));
        }
    }

    /// Runs the disconnect handler of a socket that is leaving, when none of its other handlers runs.
    fn farewell(&mut self, key: SocketKey, cx: &mut Context<'_>, now: Instant) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let Some(context) = local.farewell(now + self.io.settings().handler_grace) else { return };
        match local.table.disconnect() {
            Some(handler) => {
                let span = trace::event_span(&context.socket, "disconnect");
                let called = call(handler, context);
                self.run(key, Task::Disconnect, span, called, cx, now);
            }
            None => self.sockets.remove(key),
        }
    }

    /// Gives up on handlers that have outlived their socket. True if there were some.
    pub(super) fn end_overdue(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut moved = false;
        while let Some(key) = self.sockets.overdue(now) {
            let abandoned = self.running.abandon(key);
            let Some(local) = self.sockets.get_mut(key) else { break };
            trace::handlers_abandoned(&local.socket, abandoned);
            local.running = 0;
            if local.is_ending() {
                self.sockets.remove(key);
            } else {
                self.farewell(key, cx, now);
            }
            moved = true;
        }
        moved
    }

    fn closed(&mut self, reason: DisconnectReason) {
        trace::session_closed(reason);
        self.session.mailbox.end();
        self.running.abandon_admissions();
        self.streams.abandon_opening();
    }
}

/// What came of calling a handler: its future, which has not begun, or nothing after a panic.
type Called = Option<Result<BoxFuture<Outcome>, ExtractError>>;

/// Calls a handler. Extraction runs code of the application too: `Deserialize`, `Extract`.
fn call<C>(handler: &BoxHandler<C, Outcome>, context: C) -> Called {
    let mut spare = take_spare();
    let called = contained(|| handler.call(context, &mut spare));
    if let Some(unused) = spare {
        keep_spare(unused);
    }
    called
}

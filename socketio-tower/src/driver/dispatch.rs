use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use socketio_core::packet::{self, AckId};
use socketio_core::{Accept, DisconnectReason, Event, Pending, SocketKey};

use super::driver::Work;
use super::local::LocalSocket;
use super::running::{Asking, EventLabel, FilteredEvent, Finished, Job, Occasion, keep_spare, take_spare};
use crate::filter::Verdict;
use crate::handler::{
    BoxFuture, BoxHandler, Cause, ConnectContext, ConnectError, ErrorContext, EventContext, Failure, Judged,
    Limit, Outcome,
};
use crate::namespace::EventHandler;
use crate::observer::Observation;
use crate::panics::contained;
use crate::session::Answer;
use crate::socket::{AckSlot, Judgement, Socket};
use crate::trace::{self, Span};

/// What becomes of the connection's events: sockets, and handlers that run.
impl Work {
    pub(super) fn handle_event(&mut self, event: Event<Answer>, cx: &mut Context<'_>, now: Instant) {
        match event {
            Event::Connect(pending) if self.is_full() => self.waiting.push(pending),
            Event::Connect(pending) => self.connect(pending, cx, now),
            Event::Received { socket, event, ack } => self.received(socket, event, ack, cx, now),
            Event::Acknowledged { token, args } => token.send(Ok(args)),
            Event::Unanswered { token, why } => token.send(Err(why)),
            Event::Disconnected { socket, reason } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    // Of a socket that the application has disconnected nothing is handled any more.
                    if local.socket.is_gone() {
                        self.connection.forget(socket);
                    }
                    local.leave(reason, now + self.namespaces.server().settings().handler_grace);
                    self.run_disconnect_handler(socket, cx, now);
                }
            }
            Event::ParkingFull { socket } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    local.socket.report(None, &Cause::LimitReached(Limit::ParkedEvents), None);
                    local.socket.disconnect();
                }
            }
            Event::Upgraded => {
                self.session.upgraded(self.connection.transport());
                trace::session_upgraded(self.session.transport());
                let (client, transport) = (self.session.id, self.session.transport());
                self.namespaces
                    .server()
                    .observers()
                    .tell(|| Observation::ClientUpgraded { client, transport });
            }
            Event::Violated(violation) => {
                let cause = Cause::Violation(violation);
                self.namespaces.report(None, ErrorContext::new("", &self.session.handshake, &cause));
            }
            Event::Closed(reason) => self.closed(reason),
            _ => {}
        }
    }

    /// Whether as many futures of the application wait for this client as may.
    fn is_full(&self) -> bool {
        self.running.len() >= self.namespaces.server().settings().client_concurrency
    }

    /// Goes on, once there is a place, with what has waited for one among the futures of this client: those who want to
    /// connect, then events.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>, now: Instant) {
        if !self.connection.is_parked() {
            return;
        }
        while !self.is_full() {
            if self.waiting.is_empty() {
                self.connection.resume_all();
                return;
            }
            let pending = self.waiting.remove(0);
            self.connect(pending, cx, now);
        }
    }

    fn connect(&mut self, mut pending: Pending, cx: &mut Context<'_>, now: Instant) {
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        let Some(namespace) = self.namespaces.resolve(pending.namespace()) else {
            self.report(&pending, &Cause::UnknownNamespace);
            self.connection.reject_unknown(pending);
            return;
        };
        // Those that have left, but whose handlers still run, are counted too.
        if self.sockets.len() >= 2 * self.namespaces.server().settings().core.max_namespaces {
            let cause = Cause::LimitReached(Limit::Namespaces);
            self.report(&pending, &cause);
            self.reject(pending, &cause.refusal());
            return;
        }
        let Some(id) = contained(|| self.namespaces.server().new_socket_id()) else {
            self.report(&pending, &Cause::Panicked);
            self.reject(pending, &Cause::Panicked.refusal());
            return;
        };
        let (key, auth) = (pending.socket(), pending.take_auth());
        let table = namespace.table();
        let socket =
            Socket::new(id, key, Arc::clone(&self.session), namespace, table, Arc::clone(&self.namespaces));
        let local = LocalSocket::new(socket, auth);
        if contained(|| local.socket.table().make_instances(&local.socket)).is_none() {
            local.socket.report(None, &Cause::Panicked, None);
            self.reject(pending, &Cause::Panicked.refusal());
            return;
        }
        match local.admission() {
            Some(future) => {
                let span = span(&local.socket, "middleware");
                self.start(Job::admission(pending, local, future, span), cx, now);
            }
            None => self.accept(pending, local, cx, now),
        }
    }

    /// The client has taken its wish back: it gets no answer, but may have another wish instead.
    fn withdrawn(&mut self, pending: Pending) {
        self.connection.reject(pending, "", None);
    }

    fn reject(&mut self, pending: Pending, error: &ConnectError) {
        self.connection.reject(pending, error.message(), error.data());
    }

    /// Tells the application of a client that is not let in to a namespace, and has no socket yet.
    fn report(&self, pending: &Pending, cause: &Cause) {
        self.namespaces.report(None, ErrorContext::new(pending.namespace(), &self.session.handshake, cause));
    }

    fn accept(&mut self, pending: Pending, mut local: LocalSocket, cx: &mut Context<'_>, now: Instant) {
        let key = local.socket.key();
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        // Disconnected by the application while its middlewares ran.
        if local.socket.is_gone() {
            self.reject(pending, &ConnectError::new("disconnected"));
            return;
        }
        // A member before the reply is queued: a broadcast comes through the mailbox, and so after it.
        if let Err(barred) = local.connect() {
            let cause = barred.cause();
            local.socket.report(None, &cause, None);
            match cause {
                Cause::UnknownNamespace => self.connection.reject_unknown(pending),
                cause => self.reject(pending, &cause.refusal()),
            }
            return;
        }
        if self.connection.accept(pending, Accept::new(local.socket.id())).is_none() {
            return;
        }
        let socket = local.socket.clone();
        socket.tell_observers(|client, namespace, socket| Observation::SocketConnected {
            client,
            namespace,
            socket,
        });
        let context = ConnectContext { socket: socket.clone(), auth: local.auth.take() };
        self.sockets.insert(local);
        match socket.table().connect() {
            Some(handler) => {
                let span = span(&socket, "connect");
                self.run(key, Occasion::Connect, span, call(handler, context), cx, now);
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
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        // Disconnected by the application, which the connection is yet to hear of.
        if socket.is_gone() && !local.is_leaving() {
            return;
        }
        if socket.is_plain() {
            self.handle(key, event, ack, cx, now);
        } else {
            match contained(|| socket.judge(&event)) {
                Some(Judgement::Now(Verdict::Pass)) => self.handle(key, event, ack, cx, now),
                Some(Judgement::Now(verdict)) => refused(socket, &event, ack, verdict),
                Some(Judgement::Later(future)) => {
                    let span = span(socket, event.name());
                    local.running += 1;
                    local.filtering = true;
                    self.start(Job::filter(key, event, ack, future, span), cx, now);
                }
                None => not_handled(socket, &event, ack, &Cause::Panicked),
            }
        }
        let Some(local) = self.sockets.get_mut(key) else { return };
        if local.is_full() {
            local.held = true;
            self.connection.park(key);
        }
        // Perhaps it was its last, and no handler runs that would end.
        if local.is_leaving() {
            self.run_disconnect_handler(key, cx, now);
        }
    }

    /// Its async filters have decided on an event.
    fn judged(
        &mut self,
        key: SocketKey,
        FilteredEvent { event, ack }: FilteredEvent,
        judged: Judged,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.filtering = false;
        match judged {
            Ok(Verdict::Pass) => self.handle(key, event, ack, cx, now),
            Ok(verdict) => refused(&local.socket, &event, ack, verdict),
            Err(failure) => not_handled(&local.socket, &event, ack, &failure.cause),
        }
        // The handlers have begun: the filter counted until here.
        self.settle(key, cx, now);
    }

    /// Hands an event that was let pass to its handlers.
    fn handle(
        &mut self,
        key: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let (socket, table) = (&local.socket, local.socket.table());
        socket.tell_observers(|_, namespace, socket| Observation::EventReceived {
            namespace,
            socket,
            event: &event,
        });
        let listeners = socket.listeners(event.name());
        if !listeners.is_empty() {
            self.call_all(key, &listeners, &event, ack, cx, now);
            return;
        }
        let (label, handler) = match (table.event(event.name()), table.fallback()) {
            (Some((index, handler)), _) => (EventLabel::Known(index), handler),
            (None, Some(handler)) => (EventLabel::Named(event.name().into()), handler),
            (None, None) => {
                not_handled(socket, &event, ack, &Cause::UnknownEvent);
                return;
            }
        };
        let span = span(socket, event.name());
        let called = call(handler, EventContext::new(socket.clone(), event, ack));
        self.run(key, Occasion::Event(label), span, called, cx, now);
    }

    /// Hands an event to the namespace's handler and to the socket's own listeners. The first of them answers.
    fn call_all(
        &mut self,
        key: SocketKey,
        listeners: &[(Arc<str>, Arc<EventHandler>)],
        event: &packet::Event,
        mut ack: Option<AckId>,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        let own =
            socket.table().event(event.name()).map(|(index, handler)| (EventLabel::Known(index), handler));
        let others =
            listeners.iter().map(|(name, handler)| (EventLabel::Named(Arc::clone(name)), &**handler));
        let called: Vec<_> = own
            .into_iter()
            .chain(others)
            .map(|(label, handler)| {
                let context = EventContext::new(socket.clone(), event.clone(), ack.take());
                (label, span(socket, event.name()), call(handler, context))
            })
            .collect();
        for (label, span, called) in called {
            self.run(key, Occasion::Event(label), span, called, cx, now);
        }
    }

    /// Polls a handler that was called, once and in place.
    fn run(
        &mut self,
        key: SocketKey,
        occasion: Occasion,
        span: Span,
        called: Called,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.running += 1;
        match called {
            Ok(future) => self.start(Job::handler(key, occasion, future, span), cx, now),
            Err(failure) => self.handled(key, occasion, Err(failure), cx, now),
        }
    }

    fn start(&mut self, job: Job, cx: &mut Context<'_>, now: Instant) {
        let key = job.socket;
        match job.start(cx) {
            Ok(finished) => self.finish_job(key, finished, cx, now),
            Err(job) => {
                self.running.push(job);
                if self.is_full() {
                    self.connection.park_all();
                }
            }
        }
    }

    /// A future of the application has ended.
    pub(super) fn finish_job(
        &mut self,
        key: SocketKey,
        finished: Finished,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        match finished {
            Finished::Admission { asking, verdict } => {
                let Asking { pending, local } = *asking;
                match verdict {
                    Ok(()) => self.accept(pending, local, cx, now),
                    Err(error) => self.reject(pending, &error),
                }
            }
            Finished::Filter { event, judged } => self.judged(key, *event, judged, cx, now),
            Finished::Handler { occasion, outcome } => self.handled(key, occasion, outcome, cx, now),
        }
    }

    /// A handler has ended.
    fn handled(
        &mut self,
        key: SocketKey,
        occasion: Occasion,
        outcome: Outcome,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        match occasion {
            Occasion::Event(label) => self.report_failure(key, Some(&label), outcome),
            Occasion::Connect if outcome.is_ok() => self.connection.resume(key),
            // A socket whose connect handler failed is not what its events' handlers count on.
            Occasion::Connect => {
                if let Some(local) = self.sockets.get_mut(key) {
                    // Behind what it has emitted.
                    local.socket.disconnect();
                    self.connection.forget(key);
                }
                self.report_failure(key, None, outcome);
            }
            Occasion::Disconnect => {
                self.report_failure(key, None, outcome);
                self.sockets.remove(key);
                return;
            }
        }
        self.settle(key, cx, now);
    }

    /// One of the handlers of a socket runs no more.
    fn settle(&mut self, key: SocketKey, cx: &mut Context<'_>, now: Instant) {
        if let Some(local) = self.sockets.get_mut(key) {
            local.running -= 1;
            // One event may have started several handlers, more than the bound.
            if local.held && !local.is_full() {
                local.held = false;
                self.connection.resume(key);
            }
            self.run_disconnect_handler(key, cx, now);
        }
    }

    /// Tells the application how a handler failed, if it has; of which event it was.
    fn report_failure(&mut self, key: SocketKey, event: Option<&EventLabel>, outcome: Outcome) {
        let Err(failure) = outcome else { return };
        let Some(local) = self.sockets.get_mut(key) else { return };
        let event = match event {
            Some(EventLabel::Known(index)) => local.socket.table().event_name(*index),
            Some(EventLabel::Named(name)) => Some(&**name),
            None => None,
        };
        local.socket.report(event, &failure.cause, failure.ack);
    }

    /// Runs the disconnect handler of a socket that is leaving, when none of its other handlers runs and none of its events
    /// waits.
    fn run_disconnect_handler(&mut self, key: SocketKey, cx: &mut Context<'_>, now: Instant) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        if !local.is_leaving() || self.connection.holds(key) {
            return;
        }
        let Some(context) = local.farewell(now + self.namespaces.server().settings().handler_grace) else {
            return;
        };
        match local.socket.table().disconnect() {
            Some(handler) => {
                let span = span(&context.socket, "disconnect");
                let called = call(handler, context);
                self.run(key, Occasion::Disconnect, span, called, cx, now);
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
            trace::handlers_abandoned(local.socket.id(), local.socket.namespace(), abandoned);
            local.running = 0;
            let dropped = self.connection.forget(key);
            if dropped > 0 {
                local.socket.report(None, &Cause::EventsDropped(dropped), None);
            }
            if local.is_ending() {
                self.sockets.remove(key);
            } else {
                self.run_disconnect_handler(key, cx, now);
            }
            moved = true;
        }
        moved
    }

    fn closed(&mut self, reason: DisconnectReason) {
        trace::session_closed(reason);
        self.ended = Some(reason);
        self.session.mailbox.end();
        self.running.abandon_admissions();
        self.waiting.clear();
        self.streams.abandon_opening();
    }
}

/// An event did not pass the policy and the filters.
fn refused(socket: &Socket, event: &packet::Event, ack: Option<AckId>, verdict: Verdict) {
    if let Verdict::Deny(reason) = verdict {
        not_handled(socket, event, ack, &Cause::Denied(reason));
    }
}

fn not_handled(socket: &Socket, event: &packet::Event, ack: Option<AckId>, cause: &Cause) {
    let ack = ack.map(|id| AckSlot::new(socket.clone(), id));
    socket.report(Some(event.name()), cause, ack);
}

/// What came of calling a handler: its future, which has not begun.
type Called = Result<BoxFuture<Outcome>, Box<Failure>>;

fn call<C>(handler: &BoxHandler<C, Outcome>, context: C) -> Called {
    let mut spare = take_spare();
    let called = handler.call(context, &mut spare);
    if let Some(unused) = spare {
        keep_spare(unused);
    }
    called
}

/// The span of a handler that runs for a socket.
fn span(socket: &Socket, event: &str) -> Span {
    trace::event_span(socket.id(), socket.namespace(), event)
}

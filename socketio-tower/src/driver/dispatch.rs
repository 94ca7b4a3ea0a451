use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Poll;

use socketio_core::packet::{self, AckId};
use socketio_core::{Connection, ConnectionEvent, DisconnectReason, LinkId, Message, Pending, SocketKey};

use super::completion::{call, span};
use super::local::LocalSockets;
use super::running::{EventLabel, FilteredEvent, Job, Jobs, Occasion, start_handler};
use super::turn::Turn;
use crate::config::Settings;
use crate::filter::Verdict;
use crate::handler::{Cause, ErrorContext, EventContext, Judged, Limit};
use crate::namespace::{EventHandler, NamespaceSet};
use crate::observer::Observation;
use crate::panics::contained;
use crate::session::{Answer, Session};
use crate::socket::{AckSlot, Filtering, Socket};
use crate::trace;

/// The connection of a client and the application's side of it: the sockets, and the futures that run for them. It
/// dispatches the events of the connection to the handlers of the sockets.
pub(super) struct Dispatcher {
    pub(super) namespaces: Arc<NamespaceSet>,
    pub(super) session: Arc<Session>,
    pub(super) connection: Connection<Answer>,
    pub(super) sockets: LocalSockets,
    pub(super) running: Jobs,
    /// Connection requests that wait for the number of running jobs to drop below `client_concurrency`.
    pub(super) waiting: Vec<Pending>,
    /// The disconnect reason, once the session has ended.
    pub(super) ended: Option<DisconnectReason>,
}

/// The maximum number of queued events handled per turn; a single POST can contain a hundred thousand. Events handled
/// while a stream is read are limited by the messages of a turn. No more input is read while events are queued.
const EVENTS_PER_TURN: usize = 256;

impl Dispatcher {
    pub(super) fn new(
        namespaces: Arc<NamespaceSet>,
        session: Arc<Session>,
        connection: Connection<Answer>,
    ) -> Self {
        Self {
            namespaces,
            session,
            connection,
            sockets: LocalSockets::default(),
            running: Jobs::default(),
            waiting: Vec::new(),
            ended: None,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        self.namespaces.server().settings()
    }

    /// Handles a message of a stream and the next event. Breaks if further events wait: then no more input may be handed
    /// over.
    pub(super) fn handle_message(
        &mut self,
        link: LinkId,
        message: Message,
        turn: &Turn<'_>,
    ) -> ControlFlow<()> {
        if let Some(event) = self.connection.poll_message(link, message, turn.now) {
            self.handle_event(event, turn);
        }
        match self.connection.is_behind() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Handles the events that wait, up to the limit of one turn, and the jobs that have finished. Returns `true` if
    /// parked events can be resumed now.
    pub(super) fn dispatch(&mut self, turn: &Turn<'_>) -> bool {
        self.resume_waiting(turn);
        for _ in 0..EVENTS_PER_TURN {
            let Some(event) = self.connection.poll(turn.now) else { break };
            self.handle_event(event, turn);
        }
        while let Poll::Ready((socket, finished)) = self.running.poll_next(turn) {
            self.finish_job(socket, finished, turn);
        }
        // Parked events and waiting connection requests can be resumed: a job has ended or was abandoned.
        self.connection.is_parked() && !self.is_full()
    }

    /// Handles one event of the connection.
    fn handle_event(&mut self, event: ConnectionEvent<Answer>, turn: &Turn<'_>) {
        match event {
            ConnectionEvent::Connect(pending) if self.is_full() || !self.waiting.is_empty() => {
                self.waiting.push(pending);
            }
            ConnectionEvent::Connect(pending) => self.connect(pending, turn),
            ConnectionEvent::Received { socket, event, ack } => self.receive(socket, event, ack, turn),
            ConnectionEvent::Acknowledged { token, args } => token.send(Ok(args)),
            ConnectionEvent::AckFailed { token, why } => token.send(Err(why)),
            ConnectionEvent::Disconnected { socket, reason } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    // If the application has disconnected the socket, its parked events are dropped.
                    if local.socket.is_gone() {
                        self.connection.forget(socket);
                    }
                    local.leave(reason, turn.now + self.namespaces.server().settings().handler_grace);
                    self.run_disconnect_handler(socket, turn);
                }
            }
            ConnectionEvent::ParkingFull { socket } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    local.socket.report(None, &Cause::LimitReached(Limit::ParkedEvents), None);
                    local.socket.disconnect();
                }
            }
            ConnectionEvent::Upgraded => {
                self.session.upgraded(self.connection.transport());
                trace::session_upgraded(self.session.transport());
                let (client, transport) = (self.session.id, self.session.transport());
                self.namespaces
                    .server()
                    .observers()
                    .tell(|| Observation::ClientUpgraded { client, transport });
            }
            ConnectionEvent::ProtocolViolation(violation) => {
                let cause = Cause::ProtocolViolation(violation);
                self.namespaces.report(None, ErrorContext::new("", &self.session.handshake, &cause));
            }
            ConnectionEvent::Closed(reason) => self.handle_closed(reason),
            _ => {}
        }
    }

    /// Returns `true` if the number of this client's running jobs has reached `client_concurrency`.
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= self.settings().client_concurrency
    }

    /// Resumes the work that waits for the number of running jobs to drop: connection requests first, then events.
    fn resume_waiting(&mut self, turn: &Turn<'_>) {
        if !self.connection.is_parked() {
            return;
        }
        while !self.is_full() {
            if self.waiting.is_empty() {
                self.connection.resume_all();
                return;
            }
            let pending = self.waiting.remove(0);
            self.connect(pending, turn);
        }
    }

    /// Applies the policy and filters to an event, then runs its handlers.
    fn receive(&mut self, key: SocketKey, event: packet::Event, ack: Option<AckId>, turn: &Turn<'_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        // The application has disconnected the socket, but the command has not reached the connection yet.
        if socket.is_gone() && !local.is_leaving() {
            return;
        }
        if socket.has_no_guards() {
            self.run_handler(key, event, ack, turn);
        } else {
            match contained(|| socket.filter_event(&event)) {
                Some(Filtering::Done(Verdict::Pass)) => self.run_handlers(key, event, ack, turn),
                Some(Filtering::Done(verdict)) => report_denied(socket, &event, ack, verdict),
                Some(Filtering::Waiting(future)) => {
                    let span = span(socket, event.name());
                    local.running += 1;
                    local.filtering = true;
                    self.start_job(Job::filter(key, event, ack, future, span), turn);
                }
                None => report_unhandled(socket, &event, ack, &Cause::Panicked),
            }
        }
        let Some(local) = self.sockets.get_mut(key) else { return };
        if local.is_full() {
            local.parked = true;
            self.connection.park(key);
        }
        // If this was the last event of a leaving socket and no handler runs, no job will end and start the disconnect
        // handler later.
        if local.is_leaving() {
            self.run_disconnect_handler(key, turn);
        }
    }

    /// Handles the result of an event's async filters.
    pub(super) fn filtered(
        &mut self,
        key: SocketKey,
        FilteredEvent { event, ack }: FilteredEvent,
        result: Judged,
        turn: &Turn<'_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.filtering = false;
        match result {
            Ok(Verdict::Pass) => self.run_handlers(key, event, ack, turn),
            Ok(verdict) => report_denied(&local.socket, &event, ack, verdict),
            Err(failure) => report_unhandled(&local.socket, &event, ack, &failure.cause),
        }
        // The filter counts as running until the handlers have started, so that the disconnect handler cannot run
        // before them.
        self.job_ended(key, turn);
    }

    /// Runs the handlers of an event that passed the policy and filters.
    fn run_handlers(&mut self, key: SocketKey, event: packet::Event, ack: Option<AckId>, turn: &Turn<'_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let listeners = local.socket.listeners(event.name());
        if listeners.is_empty() {
            self.run_handler(key, event, ack, turn);
        } else {
            self.run_with_listeners(key, &listeners, &event, ack, turn);
        }
    }

    /// Runs the namespace's handler for an event. A handler that is ready at its first poll, as nearly all are, never
    /// becomes a job.
    fn run_handler(&mut self, key: SocketKey, event: packet::Event, ack: Option<AckId>, turn: &Turn<'_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let mut context = local.lend(event, ack);
        let socket = &local.socket;
        tell_received(socket, context.event());
        let (name, table) = (context.event().name(), socket.table());
        let (index, handler) = match (table.event(name), table.fallback()) {
            (Some((index, handler)), _) => (Some(index), handler),
            (None, Some(handler)) => (None, handler),
            (None, None) => {
                report_unhandled(socket, context.event(), ack, &Cause::UnknownEvent);
                local.take_back(context);
                return;
            }
        };
        let span = span(socket, name);
        match call(handler, &mut context).map(|future| start_handler(future, &span, turn)) {
            Ok(Ok(Ok(()))) => local.take_back(context),
            Ok(Ok(Err(failure))) | Err(failure) => {
                socket.report(Some(context.event().name()), &failure.cause, failure.ack);
                local.take_back(context);
            }
            Ok(Err(future)) => {
                let label = match index {
                    Some(index) => EventLabel::Known(index),
                    None => EventLabel::Named(context.event().name().into()),
                };
                local.take_back(context);
                self.store_handler(key, Occasion::Event(label), future, span);
            }
        }
    }

    /// Runs the namespace's handler and the socket's own listeners for an event. Only the first of them can acknowledge
    /// it.
    fn run_with_listeners(
        &mut self,
        key: SocketKey,
        listeners: &[(Arc<str>, Arc<EventHandler>)],
        event: &packet::Event,
        mut ack: Option<AckId>,
        turn: &Turn<'_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        tell_received(socket, event);
        let namespace_handler =
            socket.table().event(event.name()).map(|(index, handler)| (EventLabel::Known(index), handler));
        let listeners =
            listeners.iter().map(|(name, handler)| (EventLabel::Named(Arc::clone(name)), &**handler));
        let called: Vec<_> = namespace_handler
            .into_iter()
            .chain(listeners)
            .map(|(label, handler)| {
                let mut context = EventContext::new(socket.clone(), event.clone(), ack.take());
                (label, span(socket, event.name()), call(handler, &mut context))
            })
            .collect();
        for (label, span, called) in called {
            self.run(key, Occasion::Event(label), span, called, turn);
        }
    }

    /// Handles the end of the connection: makes the mailbox reject further packets, and drops pending connection
    /// requests.
    fn handle_closed(&mut self, reason: DisconnectReason) {
        trace::session_closed(reason);
        self.ended = Some(reason);
        self.session.mailbox.end();
        self.running.abandon_admissions();
        self.waiting.clear();
    }
}

/// Removes the session in every case, even if its task panics or its runtime shuts down. The sockets are dropped with
/// the dispatcher and leave their rooms.
impl Drop for Dispatcher {
    fn drop(&mut self) {
        drop(self.session.mailbox.close());
        contained(|| self.session.extensions.close());
        self.namespaces.server().session_ended(&self.session, self.ended);
    }
}

fn tell_received(socket: &Socket, event: &packet::Event) {
    socket.tell_observers(|_, namespace, socket| Observation::EventReceived { namespace, socket, event });
}

/// Reports an event that the policy or a filter has denied. Events that a filter ignores are not reported.
fn report_denied(socket: &Socket, event: &packet::Event, ack: Option<AckId>, verdict: Verdict) {
    if let Verdict::Deny(reason) = verdict {
        report_unhandled(socket, event, ack, &Cause::Denied(reason));
    }
}

/// Reports an event for which no handler ran to the error hook, which may send the ack.
fn report_unhandled(socket: &Socket, event: &packet::Event, ack: Option<AckId>, cause: &Cause) {
    let ack = ack.map(|id| AckSlot::new(socket.clone(), id));
    socket.report(Some(event.name()), cause, ack);
}

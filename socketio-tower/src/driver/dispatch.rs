use std::sync::Arc;

use socketio_core::packet::{self, AckId};
use socketio_core::{ConnectionEvent, DisconnectReason, SocketKey};

use super::completion::{call, span};
use super::driver::SessionTask;
use super::running::{EventLabel, FilteredEvent, Job, Occasion};
use super::turn::Turn;
use crate::filter::Verdict;
use crate::handler::{Cause, ErrorContext, EventContext, Judged, Limit};
use crate::namespace::EventHandler;
use crate::observer::Observation;
use crate::panics::contained;
use crate::session::Answer;
use crate::socket::{AckSlot, Filtering, Socket};
use crate::trace;

/// The dispatch of connection events to sockets and their handlers.
impl SessionTask {
    /// Handles one event of the connection.
    pub(super) fn handle_event(&mut self, event: ConnectionEvent<Answer>, turn: &mut Turn<'_, '_>) {
        match event {
            ConnectionEvent::Connect(pending) if self.is_full() => self.waiting.push(pending),
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
        self.running.len() >= self.namespaces.server().settings().client_concurrency
    }

    /// Resumes the work that waits for the number of running jobs to drop: connection requests first, then events.
    pub(super) fn resume_waiting(&mut self, turn: &mut Turn<'_, '_>) {
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
    fn receive(&mut self, key: SocketKey, event: packet::Event, ack: Option<AckId>, turn: &mut Turn<'_, '_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        // The application has disconnected the socket, but the command has not reached the connection yet.
        if socket.is_gone() && !local.is_leaving() {
            return;
        }
        if socket.has_no_guards() {
            self.run_handlers(key, event, ack, turn);
        } else {
            match contained(|| socket.filter_event(&event)) {
                Some(Filtering::Done(Verdict::Pass)) => self.run_handlers(key, event, ack, turn),
                Some(Filtering::Done(verdict)) => report_denied(socket, &event, ack, verdict),
                Some(Filtering::Waiting(future)) => {
                    let span = span(socket, event.name());
                    local.running += 1;
                    local.filtering = true;
                    self.start(Job::filter(key, event, ack, future, span), turn);
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
        turn: &mut Turn<'_, '_>,
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
    fn run_handlers(
        &mut self,
        key: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        turn: &mut Turn<'_, '_>,
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
            self.run_with_listeners(key, &listeners, &event, ack, turn);
            return;
        }
        let (label, handler) = match (table.event(event.name()), table.fallback()) {
            (Some((index, handler)), _) => (EventLabel::Known(index), handler),
            (None, Some(handler)) => (EventLabel::Named(event.name().into()), handler),
            (None, None) => {
                report_unhandled(socket, &event, ack, &Cause::UnknownEvent);
                return;
            }
        };
        let span = span(socket, event.name());
        let called = call(handler, EventContext::new(socket.clone(), event, ack));
        self.run(key, Occasion::Event(label), span, called, turn);
    }

    /// Runs the namespace's handler and the socket's own listeners for an event. Only the first of them can acknowledge
    /// it.
    fn run_with_listeners(
        &mut self,
        key: SocketKey,
        listeners: &[(Arc<str>, Arc<EventHandler>)],
        event: &packet::Event,
        mut ack: Option<AckId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        let namespace_handler =
            socket.table().event(event.name()).map(|(index, handler)| (EventLabel::Known(index), handler));
        let listeners =
            listeners.iter().map(|(name, handler)| (EventLabel::Named(Arc::clone(name)), &**handler));
        let called: Vec<_> = namespace_handler
            .into_iter()
            .chain(listeners)
            .map(|(label, handler)| {
                let context = EventContext::new(socket.clone(), event.clone(), ack.take());
                (label, span(socket, event.name()), call(handler, context))
            })
            .collect();
        for (label, span, called) in called {
            self.run(key, Occasion::Event(label), span, called, turn);
        }
    }

    /// Handles the end of the connection: makes the mailbox reject further packets, and drops pending connection
    /// requests and streams that are not open yet.
    fn handle_closed(&mut self, reason: DisconnectReason) {
        trace::session_closed(reason);
        self.ended = Some(reason);
        self.session.mailbox.end();
        self.running.abandon_admissions();
        self.waiting.clear();
        self.streams.abandon_opening();
    }
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

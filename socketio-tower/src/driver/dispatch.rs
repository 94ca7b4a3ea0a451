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
use crate::socket::{AckSlot, Judgement, Socket};
use crate::trace;

/// Dispatch of the connection's events to sockets and their handlers.
impl SessionTask {
    pub(super) fn handle_event(&mut self, event: ConnectionEvent<Answer>, turn: &mut Turn<'_, '_>) {
        match event {
            ConnectionEvent::Connect(pending) if self.is_full() => self.waiting.push(pending),
            ConnectionEvent::Connect(pending) => self.connect(pending, turn),
            ConnectionEvent::Received { socket, event, ack } => self.received(socket, event, ack, turn),
            ConnectionEvent::Acknowledged { token, args } => token.send(Ok(args)),
            ConnectionEvent::AckFailed { token, why } => token.send(Err(why)),
            ConnectionEvent::Disconnected { socket, reason } => {
                if let Some(local) = self.sockets.get_mut(socket) {
                    // Of a socket that the application has disconnected nothing is handled any more.
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
            ConnectionEvent::Closed(reason) => self.closed(reason),
            _ => {}
        }
    }

    /// Whether as many futures of the application wait for this client as may.
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= self.namespaces.server().settings().client_concurrency
    }

    /// Goes on, once there is a place, with what has waited for one among the futures of this client: those who want to
    /// connect, then events.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_, '_>) {
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

    fn received(
        &mut self,
        key: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let socket = &local.socket;
        // Disconnected by the application, which the connection is yet to hear of.
        if socket.is_gone() && !local.is_leaving() {
            return;
        }
        if socket.is_plain() {
            self.handle(key, event, ack, turn);
        } else {
            match contained(|| socket.judge(&event)) {
                Some(Judgement::Now(Verdict::Pass)) => self.handle(key, event, ack, turn),
                Some(Judgement::Now(verdict)) => refused(socket, &event, ack, verdict),
                Some(Judgement::Later(future)) => {
                    let span = span(socket, event.name());
                    local.running += 1;
                    local.filtering = true;
                    self.start(Job::filter(key, event, ack, future, span), turn);
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
            self.run_disconnect_handler(key, turn);
        }
    }

    /// Its async filters have decided on an event.
    pub(super) fn judged(
        &mut self,
        key: SocketKey,
        FilteredEvent { event, ack }: FilteredEvent,
        judged: Judged,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.filtering = false;
        match judged {
            Ok(Verdict::Pass) => self.handle(key, event, ack, turn),
            Ok(verdict) => refused(&local.socket, &event, ack, verdict),
            Err(failure) => not_handled(&local.socket, &event, ack, &failure.cause),
        }
        // The handlers have begun: the filter counted until here.
        self.settle(key, turn);
    }

    /// Hands an event that was let pass to its handlers.
    fn handle(&mut self, key: SocketKey, event: packet::Event, ack: Option<AckId>, turn: &mut Turn<'_, '_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        let (socket, table) = (&local.socket, local.socket.table());
        socket.tell_observers(|_, namespace, socket| Observation::EventReceived {
            namespace,
            socket,
            event: &event,
        });
        let listeners = socket.listeners(event.name());
        if !listeners.is_empty() {
            self.call_all(key, &listeners, &event, ack, turn);
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
        self.run(key, Occasion::Event(label), span, called, turn);
    }

    /// Hands an event to the namespace's handler and to the socket's own listeners. The first of them answers.
    fn call_all(
        &mut self,
        key: SocketKey,
        listeners: &[(Arc<str>, Arc<EventHandler>)],
        event: &packet::Event,
        mut ack: Option<AckId>,
        turn: &mut Turn<'_, '_>,
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
            self.run(key, Occasion::Event(label), span, called, turn);
        }
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

use socketio_core::SocketKey;

use super::driver::SessionTask;
use super::running::{Asking, EventLabel, Finished, Job, Occasion, keep_spare, take_spare};
use super::turn::Turn;
use crate::handler::{BoxFuture, BoxHandler, Cause, Failure, Outcome};
use crate::socket::Socket;
use crate::trace::{self, Span};

/// Futures of the application: how they start, and what follows when they end.
impl SessionTask {
    /// Polls a handler that was called, once and in place.
    pub(super) fn run(
        &mut self,
        key: SocketKey,
        occasion: Occasion,
        span: Span,
        called: Called,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        local.running += 1;
        match called {
            Ok(future) => self.start(Job::handler(key, occasion, future, span), turn),
            Err(failure) => self.handled(key, occasion, Err(failure), turn),
        }
    }

    pub(super) fn start(&mut self, job: Job, turn: &mut Turn<'_, '_>) {
        let key = job.socket;
        match job.start(turn.cx) {
            Ok(finished) => self.finish_job(key, finished, turn),
            Err(job) => {
                self.running.push(job);
                if self.is_full() {
                    self.connection.park_all();
                }
            }
        }
    }

    /// A future of the application has ended.
    pub(super) fn finish_job(&mut self, key: SocketKey, finished: Finished, turn: &mut Turn<'_, '_>) {
        match finished {
            Finished::Admission { asking, verdict } => {
                let Asking { pending, local } = *asking;
                match verdict {
                    Ok(()) => self.accept(pending, local, turn),
                    Err(error) => self.reject(pending, &error),
                }
            }
            Finished::Filter { event, judged } => self.judged(key, *event, judged, turn),
            Finished::Handler { occasion, outcome } => self.handled(key, occasion, outcome, turn),
        }
    }

    /// A handler has ended.
    fn handled(&mut self, key: SocketKey, occasion: Occasion, outcome: Outcome, turn: &mut Turn<'_, '_>) {
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
        self.settle(key, turn);
    }

    /// One of the handlers of a socket runs no more.
    pub(super) fn settle(&mut self, key: SocketKey, turn: &mut Turn<'_, '_>) {
        if let Some(local) = self.sockets.get_mut(key) {
            local.running -= 1;
            // One event may have started several handlers, more than the bound.
            if local.held && !local.is_full() {
                local.held = false;
                self.connection.resume(key);
            }
            self.run_disconnect_handler(key, turn);
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
    pub(super) fn run_disconnect_handler(&mut self, key: SocketKey, turn: &mut Turn<'_, '_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        if !local.is_leaving() || self.connection.holds(key) {
            return;
        }
        let Some(context) = local.end(turn.now + self.namespaces.server().settings().handler_grace) else {
            return;
        };
        match local.socket.table().disconnect() {
            Some(handler) => {
                let span = span(&context.socket, "disconnect");
                let called = call(handler, context);
                self.run(key, Occasion::Disconnect, span, called, turn);
            }
            None => self.sockets.remove(key),
        }
    }

    /// Gives up on handlers that have outlived their socket. True if there were some.
    pub(super) fn end_overdue(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let mut moved = false;
        while let Some(key) = self.sockets.overdue(turn.now) {
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
                self.run_disconnect_handler(key, turn);
            }
            moved = true;
        }
        moved
    }
}

/// What came of calling a handler: its future, which has not begun.
pub(super) type Called = Result<BoxFuture<Outcome>, Box<Failure>>;

pub(super) fn call<C>(handler: &BoxHandler<C, Outcome>, context: C) -> Called {
    let mut spare = take_spare();
    let called = handler.call(context, &mut spare);
    if let Some(unused) = spare {
        keep_spare(unused);
    }
    called
}

/// The span of a handler that runs for a socket.
pub(super) fn span(socket: &Socket, event: &str) -> Span {
    trace::event_span(socket.id(), socket.namespace(), event)
}

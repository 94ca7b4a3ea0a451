use socketio_core::SocketKey;

use super::dispatch::Dispatcher;
use super::running::{Connecting, EventLabel, Finished, Job, Occasion, keep_box, start_handler, take_box};
use super::turn::Turn;
use crate::handler::{BoxFuture, BoxHandler, Cause, Failure, Outcome};
use crate::socket::Socket;
use crate::trace::{self, Span};

/// The start and the end of the application's futures.
impl Dispatcher {
    /// Polls the future of a connect or disconnect handler, or of one of several handlers of an event, once in place; if
    /// it is pending, stores it as a job. The only handler of an event takes [`run_handler`](Self::run_handler).
    pub(super) fn run(
        &mut self,
        key: SocketKey,
        occasion: Occasion,
        span: Span,
        called: Called,
        turn: &Turn<'_>,
    ) {
        match called.map(|future| start_handler(future, &span, turn)) {
            Ok(Ok(outcome)) => self.handled(key, occasion, outcome),
            Ok(Err(future)) => self.store_handler(key, occasion, future, span),
            Err(failure) => self.handled(key, occasion, Err(failure)),
        }
    }

    /// Polls the middlewares of a socket, or the filters of an event, once in place; if they are pending, stores them
    /// as a job.
    pub(super) fn start_job(&mut self, job: Job, turn: &Turn<'_>) {
        let key = job.socket;
        match job.start(turn) {
            Ok(finished) => self.finish_job(key, finished, turn),
            Err(job) => self.store(job),
        }
    }

    /// Stores a handler that was pending after its first poll, and counts it among the running handlers of its socket.
    pub(super) fn store_handler(
        &mut self,
        key: SocketKey,
        occasion: Occasion,
        future: BoxFuture<Outcome>,
        span: Span,
    ) {
        if let Some(local) = self.sockets.get_mut(key) {
            local.running += 1;
        }
        self.store(Job::handler(key, occasion, future, span));
    }

    /// Stores a job. At the limit of the client, parks the events of all its sockets.
    fn store(&mut self, job: Job) {
        self.running.push(job);
        if self.is_full() {
            self.connection.park_all();
        }
    }

    /// Handles the result of a job.
    pub(super) fn finish_job(&mut self, key: SocketKey, finished: Finished, turn: &Turn<'_>) {
        match finished {
            Finished::Admission { connecting, verdict } => {
                let Connecting { pending, local } = *connecting;
                match verdict {
                    Ok(()) => self.accept(pending, local, turn),
                    Err(error) => self.reject(pending, &error),
                }
            }
            Finished::Filter { event, result } => self.filtered(key, *event, result, turn),
            Finished::Handler { occasion, outcome } => {
                self.handled(key, occasion, outcome);
                self.job_ended(key, turn);
            }
        }
    }

    /// Handles the outcome of a handler.
    fn handled(&mut self, key: SocketKey, occasion: Occasion, outcome: Outcome) {
        match occasion {
            Occasion::Event(label) => self.report_failure(key, Some(&label), outcome),
            Occasion::Connect if outcome.is_ok() => self.connection.resume(key),
            // Event handlers may rely on the setup that the connect handler did not complete.
            Occasion::Connect => {
                if let Some(local) = self.sockets.get_mut(key) {
                    // The DISCONNECT packet is queued behind everything emitted so far.
                    local.socket.disconnect();
                    self.connection.forget(key);
                }
                self.report_failure(key, None, outcome);
            }
            Occasion::Disconnect => {
                self.report_failure(key, None, outcome);
                self.sockets.remove(key);
            }
        }
    }

    /// Counts a stored handler, or a filter, as ended, resumes its events and runs its disconnect handler if they are due.
    pub(super) fn job_ended(&mut self, key: SocketKey, turn: &Turn<'_>) {
        if let Some(local) = self.sockets.get_mut(key) {
            local.running -= 1;
            // One event may have started several handlers and exceeded the limit.
            if local.parked && !local.is_full() {
                local.parked = false;
                self.connection.resume(key);
            }
            self.run_disconnect_handler(key, turn);
        }
    }

    /// Reports the outcome to the error hook if the handler failed.
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

    /// Runs the disconnect handler of a leaving socket once no other handler runs and no event is parked.
    pub(super) fn run_disconnect_handler(&mut self, key: SocketKey, turn: &Turn<'_>) {
        let Some(local) = self.sockets.get_mut(key) else { return };
        if !local.is_leaving() || self.connection.holds(key) {
            return;
        }
        let Some(mut context) = local.end(turn.now + self.namespaces.server().settings().handler_grace)
        else {
            return;
        };
        match local.socket.table().disconnect() {
            Some(handler) => {
                let span = span(&context.socket, "disconnect");
                let called = call(handler, &mut context);
                self.run(key, Occasion::Disconnect, span, called, turn);
            }
            None => self.sockets.remove(key),
        }
    }

    /// Abandons handlers whose grace time after the disconnect is over. Returns `true` if there were any.
    pub(super) fn end_overdue(&mut self, turn: &Turn<'_>) -> bool {
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

/// The result of calling a handler: its future, not yet polled, or the extractor that failed.
pub(super) type Called = Result<BoxFuture<Outcome>, Box<Failure>>;

/// Calls a handler, reusing the box of a finished future if possible.
pub(super) fn call<C>(handler: &BoxHandler<C, Outcome>, context: &mut C) -> Called {
    let mut spare = take_box();
    let called = handler.call(context, &mut spare);
    if let Some(unused) = spare {
        keep_box(unused);
    }
    called
}

/// Returns the span for a handler of a socket.
pub(super) fn span(socket: &Socket, event: &str) -> Span {
    trace::event_span(socket.id(), socket.namespace(), event)
}

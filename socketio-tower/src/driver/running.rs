use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use socketio_core::namespace::EventIndex;
use socketio_core::packet::{self, AckId};
use socketio_core::{Pending, SocketKey};

use super::local::LocalSocket;
use super::turn::Turn;
use crate::handler::{BoxFuture, Cause, ConnectError, Failure, Judged, Outcome};
use crate::panics::contained;
use crate::socket::AckRight;
use crate::trace::Span;

/// The application's futures that were pending after their first poll.
///
/// They run concurrently inside the session's task. This needs no further task or channel, and packets keep the order
/// in which they were emitted.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Created with the first job, because it allocates; dropped after the last one.
    jobs: Option<FuturesUnordered<Stored>>,
}

/// A future of the application and its purpose.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) socket: SocketKey,
    kind: Kind,
    span: Span,
}

/// The purpose of a job, with its future.
#[derive(Debug)]
enum Kind {
    /// The middlewares of a connecting socket.
    Admission {
        connecting: Box<Connecting>,
        future: BoxFuture<Result<(), ConnectError>>,
    },
    /// The async filters of an event, which is held until they finish.
    Filter {
        event: Box<FilteredEvent>,
        future: BoxFuture<Judged>,
    },
    Handler {
        occasion: Occasion,
        future: BoxFuture<Outcome>,
    },
}

/// A connection request and the socket created for it.
#[derive(Debug)]
pub(super) struct Connecting {
    pub(super) pending: Pending,
    pub(super) local: LocalSocket,
}

/// An event held for its filters.
#[derive(Debug)]
pub(super) struct FilteredEvent {
    pub(super) event: packet::Event,
    pub(super) ack: Option<AckId>,
}

/// The occasion on which a handler runs.
#[derive(Debug)]
pub(super) enum Occasion {
    Connect,
    /// An event, with its name.
    Event(EventLabel),
    Disconnect,
}

/// The name of an event, kept without a copy while its handler runs.
#[derive(Debug)]
pub(super) enum EventLabel {
    /// An event of the namespace's table.
    Known(EventIndex),
    /// An event of a socket's own listener or of the fallback handler.
    Named(Arc<str>),
}

/// The result of a job.
#[derive(Debug)]
pub(super) enum Finished {
    Admission { connecting: Box<Connecting>, verdict: Result<(), ConnectError> },
    Filter { event: Box<FilteredEvent>, result: Judged },
    Handler { occasion: Occasion, outcome: Outcome },
}

impl Job {
    /// Creates the job that runs the middlewares of a socket.
    pub(super) fn admission(
        pending: Pending,
        local: LocalSocket,
        future: BoxFuture<Result<(), ConnectError>>,
        span: Span,
    ) -> Self {
        let socket = pending.socket();
        let connecting = Box::new(Connecting { pending, local });
        Self { socket, kind: Kind::Admission { connecting, future }, span }
    }

    /// Creates the job of a handler that was pending after its first poll.
    pub(super) fn handler(
        socket: SocketKey,
        occasion: Occasion,
        future: BoxFuture<Outcome>,
        span: Span,
    ) -> Self {
        Self { socket, kind: Kind::Handler { occasion, future }, span }
    }

    /// Creates the job that runs the async filters of an event.
    pub(super) fn filter(
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        future: BoxFuture<Judged>,
        span: Span,
    ) -> Self {
        Self { socket, kind: Kind::Filter { event: Box::new(FilteredEvent { event, ack }), future }, span }
    }

    /// Polls the job for the first time, outside tokio's cooperative budget: a future that is ready must not be
    /// delayed because its session has done a lot in this turn. Returns the job if it is pending.
    pub(super) fn start(self, turn: &Turn<'_>) -> Result<Finished, Self> {
        self.poll(&mut turn.context(), Budget::Free)
    }

    /// Polls the job. A panic ends this job only.
    fn poll(self, cx: &mut Context<'_>, budget: Budget) -> Result<Finished, Self> {
        let Self { socket, kind, span } = self;
        let unfinished = |kind, span| Err(Self { socket, kind, span });
        match kind {
            Kind::Handler { occasion, future } => match poll_handler(future, &span, cx, budget) {
                Ok(outcome) => Ok(Finished::Handler { occasion, outcome }),
                Err(future) => unfinished(Kind::Handler { occasion, future }, span),
            },
            Kind::Filter { event, mut future } => match poll_contained(&mut future, &span, cx, budget) {
                Poll::Pending => unfinished(Kind::Filter { event, future }, span),
                Poll::Ready(result) => {
                    contained(|| drop(future));
                    Ok(Finished::Filter { event, result: result.unwrap_or_else(|| Err(panicked())) })
                }
            },
            Kind::Admission { connecting, mut future } => {
                match poll_contained(&mut future, &span, cx, budget) {
                    Poll::Pending => unfinished(Kind::Admission { connecting, future }, span),
                    Poll::Ready(verdict) => {
                        contained(|| drop(future));
                        let verdict = verdict.unwrap_or_else(|| {
                            connecting.local.socket.report(None, &Cause::Panicked, None);
                            Err(Cause::Panicked.connect_error())
                        });
                        Ok(Finished::Admission { connecting, verdict })
                    }
                }
            }
        }
    }
}

/// Polls the future of a handler for the first time, outside tokio's cooperative budget, like [`Job::start`]. Returns the
/// future if it is pending. Nearly every handler is ready at its first poll and never becomes a job.
pub(super) fn start_handler(
    future: BoxFuture<Outcome>,
    span: &Span,
    turn: &Turn<'_>,
) -> Result<Outcome, BoxFuture<Outcome>> {
    poll_handler(future, span, &mut turn.context(), Budget::Free)
}

/// Polls the future of a handler, and keeps its box once it has finished. Returns the future if it is pending.
fn poll_handler(
    mut future: BoxFuture<Outcome>,
    span: &Span,
    cx: &mut Context<'_>,
    budget: Budget,
) -> Result<Outcome, BoxFuture<Outcome>> {
    match poll_contained(&mut future, span, cx, budget) {
        Poll::Pending => Err(future),
        Poll::Ready(Some(outcome)) => {
            keep_box(future);
            Ok(outcome)
        }
        Poll::Ready(None) => {
            contained(|| drop(future));
            Ok(Err(panicked()))
        }
    }
}

/// Accounting of a poll in tokio's cooperative budget.
#[derive(Debug, Clone, Copy)]
enum Budget {
    Counted,
    Free,
}

/// Polls a future of the application. Returns `None` if it panicked.
fn poll_contained<T>(
    future: &mut BoxFuture<T>,
    span: &Span,
    cx: &mut Context<'_>,
    budget: Budget,
) -> Poll<Option<T>> {
    let polled = contained(|| {
        let _entered = span.enter();
        match budget {
            Budget::Counted => future.poll(cx),
            Budget::Free => pin!(tokio::task::unconstrained(future.get_pin())).poll(cx),
        }
    });
    polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
}

fn panicked() -> Box<Failure> {
    Failure::new(Cause::Panicked, AckRight::Nobody)
}

thread_local! {
    /// The box of the last handler that finished on this thread. Most finish at their first poll, and the next future
    /// often has the same size.
    static SPARE: Cell<Option<BoxFuture<Outcome>>> = const { Cell::new(None) };
}

/// Takes the spare box, in which the next handler's future can be placed without an allocation.
pub(super) fn take_box() -> Option<BoxFuture<Outcome>> {
    SPARE.try_with(Cell::take).ok().flatten()
}

/// Keeps the box of a finished future for reuse.
pub(super) fn keep_box(future: BoxFuture<Outcome>) {
    // An error means that the thread is exiting, so the box is not needed.
    SPARE.try_with(|spare| spare.set(Some(future))).ok();
}

/// A job in the set; `None` once it has finished.
#[derive(Debug)]
struct Stored(Option<Job>);

impl Future for Stored {
    type Output = (SocketKey, Finished);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(job) = self.0.take() else { return Poll::Pending };
        let socket = job.socket;
        match job.poll(cx, Budget::Counted) {
            Ok(finished) => Poll::Ready((socket, finished)),
            Err(job) => {
                self.0 = Some(job);
                Poll::Pending
            }
        }
    }
}

impl Jobs {
    pub(super) fn push(&mut self, job: Job) {
        self.store(Stored(Some(job)));
    }

    fn store(&mut self, job: Stored) {
        self.jobs.get_or_insert_default().push(job);
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Polls all jobs that were woken. Returns the next finished one.
    pub(super) fn poll_next(&mut self, turn: &Turn<'_>) -> Poll<(SocketKey, Finished)> {
        let Some(jobs) = &mut self.jobs else { return Poll::Pending };
        match Pin::new(jobs).poll_next(&mut turn.context()) {
            Poll::Ready(Some(ended)) => Poll::Ready(ended),
            Poll::Ready(None) => {
                self.jobs = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Drops the jobs of a socket. Returns the number of jobs dropped.
    pub(super) fn abandon(&mut self, socket: SocketKey) -> usize {
        self.abandon_if(|job| job.socket == socket)
    }

    /// Drops the middlewares of connecting sockets.
    pub(super) fn abandon_admissions(&mut self) {
        self.abandon_if(|job| matches!(job.kind, Kind::Admission { .. }));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.as_ref().is_none_or(FuturesUnordered::is_empty)
    }

    fn abandon_if(&mut self, condition: impl Fn(&Job) -> bool) -> usize {
        let Some(jobs) = self.jobs.take() else { return 0 };
        let mut abandoned = 0;
        for job in jobs {
            if job.0.as_ref().is_some_and(&condition) {
                contained(|| drop(job));
                abandoned += 1;
            } else {
                self.store(job);
            }
        }
        abandoned
    }
}

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
use crate::handler::{BoxFuture, Cause, ConnectError, Failure, Judged, Outcome};
use crate::panics::contained;
use crate::socket::AckRight;
use crate::trace::Span;

/// The application's futures that did not end at their first poll.
///
/// They run inside the task of the session, beside each other: no task, no channel, and what they emit
/// keeps its order.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Made when the first is put in, because it allocates; dropped when the last has ended.
    jobs: Option<FuturesUnordered<Stored>>,
}

/// A future of the application, and what it is for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) socket: SocketKey,
    kind: Kind,
    span: Span,
}

/// The purpose of a job, with its future.
#[derive(Debug)]
enum Kind {
    /// The middlewares of a socket that wants to connect.
    Admission {
        asking: Box<Asking>,
        future: BoxFuture<Result<(), ConnectError>>,
    },
    /// The async filters of an event, which waits for them.
    Filter {
        event: Box<FilteredEvent>,
        future: BoxFuture<Judged>,
    },
    Handler {
        occasion: Occasion,
        future: BoxFuture<Outcome>,
    },
}

/// A client that wants to connect to a namespace.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) pending: Pending,
    pub(super) local: LocalSocket,
}

/// An event that waits for its filters.
#[derive(Debug)]
pub(super) struct FilteredEvent {
    pub(super) event: packet::Event,
    pub(super) ack: Option<AckId>,
}

/// The occasion on which a handler runs.
#[derive(Debug)]
pub(super) enum Occasion {
    Connect,
    /// An event that is known by this name.
    Event(EventLabel),
    Disconnect,
}

/// How the name of an event is kept while its handler runs, without copying it.
#[derive(Debug)]
pub(super) enum EventLabel {
    /// It stands in the namespace's table.
    Known(EventIndex),
    /// It is a listener's own, or nobody's.
    Named(Arc<str>),
}

/// The end of a job.
#[derive(Debug)]
pub(super) enum Finished {
    Admission { asking: Box<Asking>, verdict: Result<(), ConnectError> },
    Filter { event: Box<FilteredEvent>, judged: Judged },
    Handler { occasion: Occasion, outcome: Outcome },
}

impl Job {
    /// The middlewares of a socket.
    pub(super) fn admission(
        pending: Pending,
        local: LocalSocket,
        future: BoxFuture<Result<(), ConnectError>>,
        span: Span,
    ) -> Self {
        let socket = pending.socket();
        Self { socket, kind: Kind::Admission { asking: Box::new(Asking { pending, local }), future }, span }
    }

    /// A handler of a socket.
    pub(super) fn handler(
        socket: SocketKey,
        occasion: Occasion,
        future: BoxFuture<Outcome>,
        span: Span,
    ) -> Self {
        Self { socket, kind: Kind::Handler { occasion, future }, span }
    }

    /// The async filters that stand between an event and its handlers.
    pub(super) fn filter(
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        future: BoxFuture<Judged>,
        span: Span,
    ) -> Self {
        Self { socket, kind: Kind::Filter { event: Box::new(FilteredEvent { event, ack }), future }, span }
    }

    /// The first poll, outside tokio's cooperative budget: a handler that is ready must not be told to
    /// wait because its session has done much in this turn. Gives the job back if it has not ended.
    pub(super) fn start(self, cx: &mut Context<'_>) -> Result<Finished, Self> {
        self.poll(cx, Budget::Free)
    }

    /// A panic ends the job and nothing else.
    fn poll(self, cx: &mut Context<'_>, budget: Budget) -> Result<Finished, Self> {
        let Self { socket, kind, span } = self;
        let unfinished = |kind, span| Err(Self { socket, kind, span });
        match kind {
            Kind::Handler { occasion, mut future } => match poll_contained(&mut future, &span, cx, budget) {
                Poll::Pending => unfinished(Kind::Handler { occasion, future }, span),
                Poll::Ready(Some(outcome)) => {
                    keep_spare(future);
                    Ok(Finished::Handler { occasion, outcome })
                }
                Poll::Ready(None) => {
                    contained(|| drop(future));
                    Ok(Finished::Handler { occasion, outcome: Err(panicked()) })
                }
            },
            Kind::Filter { event, mut future } => match poll_contained(&mut future, &span, cx, budget) {
                Poll::Pending => unfinished(Kind::Filter { event, future }, span),
                Poll::Ready(judged) => {
                    contained(|| drop(future));
                    Ok(Finished::Filter { event, judged: judged.unwrap_or_else(|| Err(panicked())) })
                }
            },
            Kind::Admission { asking, mut future } => match poll_contained(&mut future, &span, cx, budget) {
                Poll::Pending => unfinished(Kind::Admission { asking, future }, span),
                Poll::Ready(verdict) => {
                    contained(|| drop(future));
                    let verdict = verdict.unwrap_or_else(|| {
                        asking.local.socket.report(None, &Cause::Panicked, None);
                        Err(Cause::Panicked.refusal())
                    });
                    Ok(Finished::Admission { asking, verdict })
                }
            },
        }
    }
}

/// The relation of a poll to tokio's cooperative budget.
#[derive(Debug, Clone, Copy)]
enum Budget {
    Counted,
    Free,
}

/// Polls a future of the application; none if it panicked.
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
    /// The box of the handler that ended last on this thread: most end at their first poll, and the next one's
    /// future often has the same size.
    static SPARE: Cell<Option<BoxFuture<Outcome>>> = const { Cell::new(None) };
}

/// A box for the future of a handler; none has to be made if this gives one.
pub(super) fn take_spare() -> Option<BoxFuture<Outcome>> {
    SPARE.try_with(Cell::take).ok().flatten()
}

/// Keeps the box of a future that has ended.
pub(super) fn keep_spare(future: BoxFuture<Outcome>) {
    // An error means that the thread is ending: there is nobody left to keep it for.
    SPARE.try_with(|spare| spare.set(Some(future))).ok();
}

/// A job among others; none once it has ended.
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

    /// The next that has ended.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(SocketKey, Finished)> {
        let Some(jobs) = &mut self.jobs else { return Poll::Pending };
        match Pin::new(jobs).poll_next(cx) {
            Poll::Ready(Some(ended)) => Poll::Ready(ended),
            Poll::Ready(None) => {
                self.jobs = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Drops the futures of a socket; tells how many there were.
    pub(super) fn abandon(&mut self, socket: SocketKey) -> usize {
        self.abandon_if(|job| job.socket == socket)
    }

    /// Drops the middlewares of sockets that wait to be connected.
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

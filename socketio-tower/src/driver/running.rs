use std::cell::Cell;
use std::fmt;
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
pub(super) struct Running {
    /// Made when the first is put in, because it allocates; dropped when the last has ended.
    jobs: Option<FuturesUnordered<Job>>,
}

/// A future of the application, and what it is for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) socket: SocketKey,
    task: Option<Task>,
    future: Option<Work>,
    span: Span,
}

/// The futures of the application, by what they end with.
enum Work {
    Admission(BoxFuture<Result<(), ConnectError>>),
    Handler(BoxFuture<Outcome>),
    Filter(BoxFuture<Judged>),
}

/// What a future is for.
#[derive(Debug)]
pub(super) enum Task {
    /// The middlewares of a socket that wants to connect.
    Admit(Box<(Pending, LocalSocket)>),
    Connect,
    /// The async filters of an event, which waits for them.
    Filter(Box<(packet::Event, Option<AckId>)>),
    /// Of an event that is known by this name.
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

/// How a future ended.
#[derive(Debug)]
pub(super) enum Ended {
    Admitted(Result<(), ConnectError>),
    Handled(Outcome),
    Judged(Judged),
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
        let task = Some(Task::Admit(Box::new((pending, local))));
        Self { socket, task, future: Some(Work::Admission(future)), span }
    }

    /// A handler of a socket.
    pub(super) fn handler(socket: SocketKey, task: Task, future: BoxFuture<Outcome>, span: Span) -> Self {
        Self { socket, task: Some(task), future: Some(Work::Handler(future)), span }
    }

    /// The async filters that stand between an event and its handlers.
    pub(super) fn filter(
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
        future: BoxFuture<Judged>,
        span: Span,
    ) -> Self {
        let task = Some(Task::Filter(Box::new((event, ack))));
        Self { socket, task, future: Some(Work::Filter(future)), span }
    }

    /// The first poll, outside tokio's cooperative budget: a handler that is ready must not be told to
    /// wait because its session has done much in this turn.
    pub(super) fn start(&mut self, cx: &mut Context<'_>) -> Poll<(Task, Ended)> {
        self.poll_with(|work| match work {
            Work::Admission(future) => unconstrained(future.get_pin(), cx).map(Ended::Admitted),
            Work::Handler(future) => unconstrained(future.get_pin(), cx).map(Ended::Handled),
            Work::Filter(future) => unconstrained(future.get_pin(), cx).map(Ended::Judged),
        })
    }

    /// A panic ends the job and nothing else.
    fn poll_with(&mut self, poll: impl FnOnce(&mut Work) -> Poll<Ended>) -> Poll<(Task, Ended)> {
        let Some(work) = &mut self.future else { return Poll::Pending };
        let polled = contained(|| {
            let _entered = self.span.enter();
            poll(work)
        });
        let ended = match polled {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(ended)) => Some(ended),
            None => None,
        };
        match (self.future.take(), &ended) {
            (Some(Work::Handler(future)), Some(_)) => keep_spare(future),
            (future, _) => drop(contained(|| drop(future))),
        }
        let Some(task) = self.task.take() else { return Poll::Pending };
        let ended = ended.unwrap_or_else(|| match task {
            Task::Admit(ref asking) => {
                asking.1.socket.report(None, &Cause::Panicked, None);
                Ended::Admitted(Err(Cause::Panicked.refusal()))
            }
            Task::Filter(_) => Ended::Judged(Err(Failure::new(Cause::Panicked, AckRight::Nobody))),
            _ => Ended::Handled(Err(Failure::new(Cause::Panicked, AckRight::Nobody))),
        });
        Poll::Ready((task, ended))
    }
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

/// A poll outside tokio's cooperative budget.
fn unconstrained<F: Future + ?Sized>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    pin!(tokio::task::unconstrained(future)).poll(cx)
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admission(_) => "Admission",
            Self::Handler(_) => "Handler",
            Self::Filter(_) => "Filter",
        })
    }
}

impl Future for Job {
    type Output = (SocketKey, Task, Ended);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let socket = self.socket;
        let polled = self.poll_with(|work| match work {
            Work::Admission(future) => future.poll(cx).map(Ended::Admitted),
            Work::Handler(future) => future.poll(cx).map(Ended::Handled),
            Work::Filter(future) => future.poll(cx).map(Ended::Judged),
        });
        polled.map(|(task, ended)| (socket, task, ended))
    }
}

impl Running {
    pub(super) fn push(&mut self, job: Job) {
        self.jobs.get_or_insert_default().push(job);
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// The next that has ended.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(SocketKey, Task, Ended)> {
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
        self.abandon_if(|job| matches!(job.future, Some(Work::Admission(_))));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.as_ref().is_none_or(FuturesUnordered::is_empty)
    }

    fn abandon_if(&mut self, condition: impl Fn(&Job) -> bool) -> usize {
        let Some(jobs) = self.jobs.take() else { return 0 };
        let mut abandoned = 0;
        for job in jobs {
            if condition(&job) {
                contained(|| drop(job));
                abandoned += 1;
            } else {
                self.push(job);
            }
        }
        abandoned
    }
}

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};
use socketio_core::packet::Event;
use tokio::sync::Notify;

use super::server::Server;
use crate::bus::{Answering, ClusterEvent, Joined, NodeAnswer};
use crate::handler::{Cause, ServerContext};
use crate::namespace::{Namespace, NamespaceSet};
use crate::panics::contained;

/// The requests of other nodes that take a while: acks of clients, handlers of server events. Messages are applied on
/// the task of the connection, which adds jobs here; the task of the cluster runs them.
pub(super) struct Jobs {
    joined: Arc<Joined>,
    inner: Mutex<Inner>,
    added: Notify,
}

#[derive(Default)]
struct Inner {
    answers: Vec<Job>,
    events: VecDeque<Waiting>,
    /// The number of broadcasts whose acks are collected.
    permits: usize,
}

/// An event of another node for the handlers of a namespace.
pub(super) struct ServerEvent {
    pub(super) namespace: Arc<Namespace>,
    pub(super) event: Event,
    pub(super) answer: Option<NodeAnswer>,
}

/// A server event that waits for its handler.
type Waiting = (ServerEvent, Answering);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The number of broadcasts of other nodes whose acks are collected at once. Each holds a list of the acks that have not
/// been sent on.
const MAX_ANSWERS: usize = 1024;

/// The number of handlers of server events that are suspended at once; the default for the handlers of a socket.
const MAX_HANDLERS: usize = 64;

/// The maximum number of server events that wait for their handlers, and of their bytes; the default for the parked
/// events of a client.
const MAX_EVENTS: usize = 4096;
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// The right to collect the acks of one broadcast.
pub(super) struct Permit {
    jobs: Arc<Jobs>,
    _answering: Answering,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.jobs.lock().permits -= 1;
    }
}

impl Jobs {
    pub(super) fn new(joined: Arc<Joined>) -> Arc<Self> {
        Arc::new(Self { joined, inner: Mutex::default(), added: Notify::new() })
    }

    /// Returns the right to collect the acks of a broadcast, or `None` if too many are collected.
    pub(super) fn permit(self: &Arc<Self>) -> Option<Permit> {
        let mut inner = self.lock();
        if inner.permits >= MAX_ANSWERS {
            self.joined.counters().refused.add(1);
            return None;
        }
        inner.permits += 1;
        Some(Permit { jobs: Arc::clone(self), _answering: self.joined.begin_answer(0) })
    }

    /// Runs a future that collects acks.
    pub(super) fn run(&self, permit: Permit, job: impl Future<Output = ()> + Send + 'static) {
        let job = async move {
            job.await;
            drop(permit);
        };
        self.lock().answers.push(Box::pin(job));
        self.added.notify_one();
    }

    /// Queues an event for its handler. `size` is that of its message in bytes.
    pub(super) fn call(&self, event: ServerEvent, size: usize) {
        let mut inner = self.lock();
        let is_full = inner.events.len() >= MAX_EVENTS
            || (!inner.events.is_empty() && self.joined.waiting_bytes() + size > MAX_EVENT_BYTES);
        if is_full {
            drop(inner);
            self.joined.counters().refused.add(1);
            refuse(event.answer);
            return;
        }
        let answering = self.joined.begin_answer(size);
        inner.events.push_back((event, answering));
        drop(inner);
        self.added.notify_one();
    }

    /// Drops the jobs that have not begun.
    pub(super) fn clear(&self) {
        let (answers, events) = {
            let mut inner = self.lock();
            (std::mem::take(&mut inner.answers), std::mem::take(&mut inner.events))
        };
        // Outside the lock, which the permits take.
        drop((answers, events));
    }

    /// Runs the jobs, forever.
    pub(super) async fn work(self: &Arc<Self>, server: &Server) {
        let mut answers = FuturesUnordered::new();
        let mut handlers = FuturesUnordered::new();
        loop {
            let added = self.added.notified();
            answers.extend(std::mem::take(&mut self.lock().answers));
            while handlers.len() < MAX_HANDLERS
                && let Some((event, answering)) = self.next_event()
            {
                let Some(namespaces) = server.upgrade() else {
                    refuse(event.answer);
                    continue;
                };
                let joined = Arc::clone(&self.joined);
                let mut handler: Job = Box::pin(handle(joined, namespaces, event, answering));
                // Polled here once, so that handlers begin in the order of the events.
                if poll_once(&mut handler).await.is_none() {
                    handlers.push(handler);
                }
            }
            let done = wait(&mut answers, &mut handlers);
            futures_util::future::select(std::pin::pin!(added), std::pin::pin!(done)).await;
        }
    }

    fn next_event(&self) -> Option<Waiting> {
        let (event, mut answering) = self.lock().events.pop_front()?;
        answering.start();
        Some((event, answering))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until one of the jobs has finished, or forever if there is none.
async fn wait(answers: &mut FuturesUnordered<Job>, handlers: &mut FuturesUnordered<Job>) {
    std::future::poll_fn(|cx| {
        let mut finished = false;
        for jobs in [&mut *answers, &mut *handlers] {
            while let Poll::Ready(Some(())) = Pin::new(&mut *jobs).poll_next(cx) {
                finished = true;
            }
        }
        if finished { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls a future once. Returns `None` if it is pending.
async fn poll_once(job: &mut Job) -> Option<()> {
    std::future::poll_fn(|cx: &mut Context<'_>| {
        Poll::Ready(match job.as_mut().poll(cx) {
            Poll::Ready(()) => Some(()),
            Poll::Pending => None,
        })
    })
    .await
}

/// Calls the handler of an event.
async fn handle(
    joined: Arc<Joined>,
    namespaces: Arc<NamespaceSet>,
    event: ServerEvent,
    answering: Answering,
) {
    let ServerEvent { namespace, event, answer, .. } = event;
    let (path, name) = (namespace.path().to_owned(), event.name().to_owned());
    let table = namespace.table();
    let failure = match table.server_event(&name) {
        None => {
            refuse(answer);
            None
        }
        Some(handler) => {
            let mut context = ServerContext::new(namespaces, namespace, event, answer);
            match handler.call(&mut context, &mut None) {
                // The future contains the panics of the handler.
                Ok(future) => future.await.err(),
                Err(failure) => Some(failure),
            }
        }
    };
    if let Some(failure) = failure {
        refuse(failure.ack.and_then(|ack| ack.into_node()));
        joined.tell(&ClusterEvent::ServerEventFailed {
            namespace: path,
            event: name,
            reason: describe(&failure.cause),
        });
    }
    drop(answering);
}

fn describe(cause: &Cause) -> String {
    // Formatting an error of the application may panic.
    contained(|| cause.to_string()).unwrap_or_default()
}

/// Tells the asking node that no handler will answer.
fn refuse(answer: Option<NodeAnswer>) {
    if let Some(answer) = answer {
        answer.refuse();
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jobs")
    }
}

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use socketio_core::cluster::{
    Answer, Node, NodeConfig, NodeId, Presence, ReadError, RequestId, RequestKey, Subscription, Transmit,
    Wire,
};
use tokio::sync::Notify;

use super::order::Counting;
use super::requests::Leftover;
use super::state::Counters;
use super::{
    ClusterEvent, ClusterHook, ClusterState, ClusterStats, Order, Outbound, Receipt, Requests, Subscriptions,
};
use crate::clock::now;
use crate::panics::contained;

pub(super) mod connection;
pub(super) mod sending;

/// The membership of a server in a cluster: its node, what it sends and asks, and the state of its connection.
pub(crate) struct Joined {
    id: NodeId,
    wire: Wire,
    outbound: Outbound,
    subscriptions: Subscriptions,
    /// The subscriptions for what is defined.
    definitions: Mutex<BTreeSet<Subscription>>,
    requests: Mutex<Requests>,
    /// Wakes the backend when there are orders.
    ordered: Notify,
    /// Wakes the driver when an earlier timer is set.
    timer_set: Notify,
    /// Wakes those who wait for the first connection.
    connected: Notify,
    /// Wakes those who wait until everything is answered and published.
    progress: Notify,
    /// Wakes the driver when the node must leave.
    leave: Notify,
    /// The time until which the node must have left.
    leave_by: Mutex<Option<tokio::time::Instant>>,
    state: Mutex<ClusterState>,
    /// Whether the state is `Up`, and whether it is `Left`, to be read without the lock.
    is_up: AtomicBool,
    is_left: AtomicBool,
    hook: Option<ClusterHook>,
    ack_timeout: Duration,
    /// Whether other nodes know this one: not so for emitters.
    is_node: bool,
    counters: Counters,
    /// The number of messages of the last batch of orders, which is counted as published with the next one.
    in_flight: AtomicU64,
    /// Whether the backend executes a batch of orders.
    is_executing: AtomicBool,
    /// The number of questions and server events that are being answered or wait for it, and the bytes of those that wait.
    answering: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// The numbers of dropped and of malformed messages that were reported to the hook.
    reported: AtomicU64,
    reported_malformed: AtomicU64,
    /// Why a message could not be read.
    malformed: Mutex<Option<ReadError>>,
    this: Weak<Self>,
}

/// A question or server event of another node that is being answered or waits for it. Dropped when its answer is queued.
#[derive(Debug)]
pub(crate) struct Answering {
    joined: Arc<Joined>,
    /// The bytes that wait.
    bytes: usize,
}

impl Answering {
    /// Counts the event as one that no longer waits.
    pub(crate) fn start(&mut self) {
        self.joined.waiting_bytes.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.start();
        self.joined.answering.fetch_sub(1, Ordering::Release);
        self.joined.progress.notify_waiters();
    }
}

impl Joined {
    pub(crate) fn new(
        id: NodeId,
        entropy: u64,
        wire: Wire,
        hook: Option<ClusterHook>,
        ack_timeout: Duration,
    ) -> Arc<Self> {
        Self::make(id, entropy, wire, hook, ack_timeout, true)
    }

    fn make(
        id: NodeId,
        entropy: u64,
        wire: Wire,
        hook: Option<ClusterHook>,
        ack_timeout: Duration,
        is_node: bool,
    ) -> Arc<Self> {
        let node = Node::new(NodeConfig::default(), id.clone(), entropy);
        Arc::new_cyclic(|this| Self {
            id,
            wire,
            outbound: Outbound::new(),
            subscriptions: Subscriptions::default(),
            definitions: Mutex::default(),
            requests: Mutex::new(Requests::new(node)),
            ordered: Notify::new(),
            timer_set: Notify::new(),
            connected: Notify::new(),
            progress: Notify::new(),
            leave: Notify::new(),
            leave_by: Mutex::default(),
            state: Mutex::new(ClusterState::Down { since: SystemTime::now(), error: None }),
            is_up: AtomicBool::new(false),
            is_left: AtomicBool::new(false),
            hook,
            ack_timeout,
            is_node,
            counters: Counters::default(),
            in_flight: AtomicU64::new(0),
            is_executing: AtomicBool::new(false),
            answering: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            reported: AtomicU64::new(0),
            reported_malformed: AtomicU64::new(0),
            malformed: Mutex::default(),
            this: this.clone(),
        })
    }

    /// Creates the connection of an emitter, which is not a node: it gives no signs of life and asks nothing.
    pub(crate) fn emitter(id: NodeId, wire: Wire) -> Arc<Self> {
        Self::make(id, 0, wire, None, Duration::ZERO, false)
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.id
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Returns how long clients have to acknowledge an event, unless the caller sets a timeout.
    pub(crate) fn ack_timeout(&self) -> Duration {
        self.ack_timeout
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    pub(crate) fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire)
    }

    pub(crate) fn state(&self) -> ClusterState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn peers(&self) -> Vec<NodeId> {
        self.lock().node.peers().cloned().collect()
    }

    pub(crate) fn stats(&self) -> ClusterStats {
        let of_node = {
            let Requests { node, .. } = &*self.lock();
            ClusterStats {
                peers: node.peers().count(),
                ignored: node.ignored(),
                questions: node.pending(),
                question_bytes: node.answer_bytes(),
                ..self.counters.stats()
            }
        };
        let lost = self.outbound.lost();
        ClusterStats {
            up: self.is_up(),
            outbound_bytes: self.outbound.bytes(),
            answering: self.answering.load(Ordering::Relaxed),
            answering_bytes: self.waiting_bytes(),
            subscriptions: self.subscriptions.len(),
            dropped: lost.messages,
            dropped_bytes: lost.bytes,
            ..of_node
        }
    }

    /// Returns the bytes of the server events that wait for their handlers.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Counts a question or server event that will be answered, of which `bytes` wait for it.
    pub(crate) fn begin_answer(&self, bytes: usize) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        Answering { joined: self.this(), bytes }
    }

    pub(super) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    fn this(&self) -> Arc<Self> {
        self.this.upgrade().expect("only created in an `Arc`")
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counting for Joined {
    fn handle_count(&self, key: RequestKey, subscribers: Option<usize>) {
        self.with_requests(|requests| requests.node.handle_count(key, subscribers, now()));
    }
}

/// The side of the driver.
impl Joined {
    pub(crate) fn handle_presence(&self, from: &NodeId, presence: Presence) {
        self.with_requests(|requests| requests.node.handle_presence(from, presence, now()));
    }

    pub(crate) fn handle_answer(&self, from: Option<&NodeId>, request: &RequestId, answer: Answer) {
        self.with_requests(|requests| requests.node.handle_answer(from, request, answer, now()));
    }

    pub(crate) fn handle_timeout(&self) {
        self.outbound.expire();
        self.with_requests(|requests| requests.node.handle_timeout(now()));
        self.report_lost();
        // What was too old may have been the last.
        self.progress.notify_waiters();
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.lock().node.poll_timeout()
    }

    /// Resolves when the next timer may be earlier than before.
    pub(crate) async fn timer_set(&self) {
        self.timer_set.notified().await;
    }

    /// Calls the hook of the application.
    pub(crate) fn tell(&self, event: &ClusterEvent) {
        event.trace();
        if let Some(hook) = &self.hook {
            contained(|| (hook.0)(event));
        }
    }

    /// Records why a message could not be read, for the next report.
    pub(crate) fn report_malformed(&self, error: ReadError) {
        *self.malformed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn report_lost(&self) {
        let error = self.malformed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(error) = error {
            let malformed = self.counters.malformed.get();
            let count = malformed - self.reported_malformed.swap(malformed, Ordering::Relaxed);
            self.tell(&ClusterEvent::MalformedMessages { count, error });
        }

        let dropped = self.outbound.lost().messages;
        let reported = self.reported.swap(dropped, Ordering::Relaxed);
        if dropped > reported {
            self.tell(&ClusterEvent::MessagesDropped { count: dropped - reported });
        }
    }

    /// Changes the requests, and sends what follows from it.
    fn with_requests<R>(&self, change: impl FnOnce(&mut Requests) -> R) -> R {
        let mut requests = self.lock();
        let before = requests.node.poll_timeout();
        let result = change(&mut requests);
        let Leftover { transmits, events } = requests.drain();
        let after = requests.node.poll_timeout();
        drop(requests);
        for transmit in transmits {
            self.transmit(transmit);
        }
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.timer_set.notify_one();
        }
        events.iter().for_each(|event| self.tell(event));
        result
    }

    fn transmit(&self, transmit: Transmit) {
        match transmit {
            Transmit::Publish { to, message, count } => {
                let receipt = count.map(|key| Receipt::count(self.this(), key));
                let queued = match self.wire.encode(&to, &message) {
                    Ok(message) => self.push(Order::Publish { message, receipt }),
                    Err(_) => {
                        self.counters.refused.add(1);
                        false
                    }
                };
                if let Some(key) = count.filter(|_| !queued) {
                    self.with_requests(|requests| requests.node.refuse(key));
                }
            }
            Transmit::Count { namespace, key } => {
                let channel = self.wire.questions(&namespace);
                let receipt = Receipt::count(self.this(), key);
                self.push(Order::Count { channel, receipt });
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").field("id", &self.id).field("up", &self.is_up).finish_non_exhaustive()
    }
}

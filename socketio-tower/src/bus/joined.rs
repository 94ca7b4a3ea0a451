use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use socketio_core::Encoded;
use socketio_core::cluster::ReadError;
use socketio_core::cluster::{
    Address, Body, Message, NodeId, Operation, Question, RequestKey, Subscription, Transmit, Wire, WriteError,
};
use socketio_core::cluster::{Answer, Node, NodeConfig, Presence, RequestId};
use socketio_core::namespace::Target;
use tokio::sync::{Notify, oneshot};

use super::requests::Leftover;
use super::state::Counters;
use super::{
    BackendError, ClusterEvent, ClusterHook, ClusterState, ClusterStats, Order, Outbound, Receipt, Requests,
    Subscriptions, Waiter,
};
use crate::clock::now;
use crate::panics::contained;

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
    /// Ends the driver.
    end: Arc<Notify>,
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
    /// The number and the bytes of what is being answered.
    pub(crate) answering: AtomicUsize,
    pub(crate) answering_bytes: AtomicUsize,
    /// The numbers of dropped and of malformed messages that were reported to the hook.
    reported: AtomicU64,
    reported_malformed: AtomicU64,
    /// Why a message could not be read.
    malformed: Mutex<Option<ReadError>>,
    this: Weak<Self>,
}

/// The cluster of a server, which it may join later. Shared by all its namespaces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Arc<OnceLock<Arc<Joined>>>);

impl Slot {
    /// Returns the cluster, if the server has joined one and has not left it.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Arc<Joined>> {
        self.0.get().filter(|joined| !joined.is_left())
    }

    /// Returns the cluster that the server has joined, even if it has left it.
    pub(crate) fn joined(&self) -> Option<&Arc<Joined>> {
        self.0.get()
    }

    /// Joins a cluster. Returns `false` if the server has already joined one.
    pub(crate) fn join(&self, joined: Arc<Joined>) -> bool {
        self.0.set(joined).is_ok()
    }
}

/// The reason that other nodes were not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTold {
    /// The connection is down, or too much waits for it.
    Unreachable,
    /// The message cannot be written.
    Invalid(WriteError),
}

/// A question to other nodes. Dropping it forgets the question.
#[derive(Debug)]
pub(crate) struct Pending {
    joined: Arc<Joined>,
    key: RequestKey,
    namespace: String,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let waiter = self.joined.lock().forget(self.key);
        // Outside the lock.
        drop(waiter);
        let wire = self.joined.wire();
        self.joined.change_subscriptions([], wire.of_namespace(self.joined.id(), &self.namespace));
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
            end: Arc::new(Notify::new()),
            state: Mutex::new(ClusterState::Down { since: SystemTime::now(), error: None }),
            is_up: AtomicBool::new(false),
            is_left: AtomicBool::new(false),
            hook,
            ack_timeout,
            is_node,
            counters: Counters::default(),
            in_flight: AtomicU64::new(0),
            answering: AtomicUsize::new(0),
            answering_bytes: AtomicUsize::new(0),
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
        let (peers, questions) = {
            let requests = self.lock();
            (requests.node.peers().count(), requests.node.pending())
        };
        let lost = self.outbound.lost();
        ClusterStats {
            up: self.is_up(),
            peers,
            questions,
            outbound_bytes: self.outbound.bytes(),
            answering: self.answering.load(Ordering::Relaxed),
            answering_bytes: self.answering_bytes.load(Ordering::Relaxed),
            subscriptions: self.subscriptions.len(),
            dropped: lost.messages,
            dropped_bytes: lost.bytes,
            ..self.counters.stats()
        }
    }

    fn this(&self) -> Arc<Self> {
        self.this.upgrade().expect("only created in an `Arc`")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the namespaces send.
impl Joined {
    /// Sends an event to the sockets of other nodes.
    pub(crate) fn broadcast(
        &self,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, String, String>,
        volatile: bool,
    ) -> Result<(), NotTold> {
        let up = self.is_up();
        if volatile && !up {
            return Err(NotTold::Unreachable);
        }
        let message = self.wire.broadcast(&self.id, namespace, packet, to, volatile);
        let message = message.map_err(NotTold::Invalid)?;
        let queued = self.push(Order::Publish { message, receipt: None });
        if queued && up { Ok(()) } else { Err(NotTold::Unreachable) }
    }

    /// Has other nodes perform an operation. Returns a receiver that resolves, or fails, when the broker has taken it.
    pub(crate) fn operate(
        &self,
        namespace: &str,
        operation: Operation,
    ) -> Result<oneshot::Receiver<()>, NotTold> {
        let up = self.is_up();
        let (taken, wait) = oneshot::channel();
        let message = Message::new(self.id.clone(), namespace, Body::Operation(operation));
        let message = self.wire.encode(&Address::Everyone, &message).map_err(NotTold::Invalid)?;
        let queued = self.push(Order::Publish { message, receipt: Some(Receipt::taken(taken)) });
        if queued && up { Ok(wait) } else { Err(NotTold::Unreachable) }
    }

    /// Answers a question of another node.
    pub(crate) fn answer(&self, to: &Address, namespace: &str, request: RequestId, answer: Answer) {
        let message = Message::new(self.id.clone(), namespace, Body::Answer { request, answer });
        match self.wire.encode(to, &message) {
            Ok(message) => _ = self.push(Order::Publish { message, receipt: None }),
            Err(_) => self.counters.refused.add(1),
        }
    }

    /// Asks all other nodes that have the namespace. The waiter gets their answers.
    pub(crate) fn ask(
        &self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        waiter: Waiter,
    ) -> Pending {
        // A namespace without sockets here is not subscribed to: the answers would not arrive.
        self.change_subscriptions(self.wire.of_namespace(&self.id, namespace), []);
        let key = self.with_requests(|requests| {
            let key = requests.node.ask(namespace, question, deadline, now());
            requests.wait(key, waiter);
            key
        });
        Pending { joined: self.this(), key, namespace: namespace.to_owned() }
    }

    /// Adds and removes subscriptions.
    pub(crate) fn change_subscriptions(
        &self,
        add: impl IntoIterator<Item = Subscription>,
        remove: impl IntoIterator<Item = Subscription>,
    ) {
        if self.subscriptions.change(add, remove) {
            self.ordered.notify_one();
        }
    }

    /// Replaces the subscriptions for what is defined. The function is called under a lock, so that of two changes the
    /// later one decides.
    pub(crate) fn redefine(&self, definitions: impl FnOnce() -> BTreeSet<Subscription>) {
        let mut current = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        let new = definitions();
        self.change_subscriptions(new.difference(&current).cloned(), current.difference(&new).cloned());
        *current = new;
    }

    /// Queues an order. Returns `false` if the queue is full.
    pub(crate) fn push(&self, order: Order) -> bool {
        let pushed = self.outbound.push(order);
        self.ordered.notify_one();
        // Dropped outside the lock of the queue.
        pushed.is_ok()
    }
}

/// What the backend does.
impl Joined {
    pub(super) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    pub(super) fn up(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = ClusterState::Up;
        self.is_up.store(true, Ordering::Release);
        self.counters.connects.add(1);
        if self.is_node {
            self.with_requests(|requests| requests.node.handle_up(now()));
        }
        self.connected.notify_waiters();
        self.tell(&ClusterEvent::Up);
        self.ordered.notify_one();
    }

    /// Ends the connection.
    pub(crate) fn down(&self, error: BackendError) {
        self.is_up.store(false, Ordering::Release);
        self.subscriptions.end();
        self.counters.uncertain.add(self.in_flight.swap(0, Ordering::Relaxed));
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let since = match &*state {
                ClusterState::Down { since, .. } => *since,
                _ => SystemTime::now(),
            };
            *state = ClusterState::Down { since, error: Some(error.clone()) };
        }
        self.with_requests(|requests| requests.node.handle_down(now()));
        self.tell(&ClusterEvent::Down { error });
    }

    /// Waits for orders. At least one is appended.
    pub(super) async fn take_orders(&self, into: &mut Vec<Order>) {
        self.counters.published.add(self.in_flight.swap(0, Ordering::Relaxed));
        loop {
            let ordered = self.ordered.notified();
            self.subscriptions.take(MAX_CHANGES, into);
            self.outbound.take(into);
            if !into.is_empty() {
                let messages = into.iter().filter(|order| matches!(order, Order::Publish { .. })).count();
                self.in_flight.store(messages as u64, Ordering::Relaxed);
                return;
            }
            ordered.await;
        }
    }

    pub(super) fn handle_count(&self, key: RequestKey, nodes: Option<usize>) {
        self.with_requests(|requests| requests.node.handle_count(key, nodes, now()));
    }
}

/// What the driver does.
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
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.lock().node.poll_timeout()
    }

    /// Resolves when the next timer may be earlier than before.
    pub(crate) async fn timer_set(&self) {
        self.timer_set.notified().await;
    }

    /// Says goodbye to the other nodes. Nothing is sent any longer, except what is queued.
    pub(crate) fn leave(&self) {
        if self.is_node {
            self.with_requests(|requests| requests.node.leave(now()));
        }
        self.is_left.store(true, Ordering::Release);
    }

    /// Waits for a connection.
    pub(crate) async fn connected(&self) {
        loop {
            let mut connected = std::pin::pin!(self.connected.notified());
            connected.as_mut().enable();
            if self.is_up() {
                return;
            }
            connected.await;
        }
    }

    /// Returns what ends the driver when it is notified.
    pub(crate) fn end(&self) -> Arc<Notify> {
        Arc::clone(&self.end)
    }

    /// Says goodbye, waits until everything is published, and ends the driver.
    pub(crate) async fn close(&self, deadline: tokio::time::Instant) {
        self.leave();
        tokio::time::timeout_at(deadline, self.flushed()).await.ok();
        self.left();
        self.end.notify_one();
    }

    /// Waits until everything is published, or dropped because it has waited too long.
    pub(crate) async fn flushed(&self) {
        // Polled, because it happens rarely: at the end of a process.
        while !self.is_left_for_good() && !self.is_flushed() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn is_left_for_good(&self) -> bool {
        matches!(self.state(), ClusterState::Left)
    }

    /// Ends the membership.
    pub(crate) fn left(&self) {
        self.is_left.store(true, Ordering::Release);
        self.is_up.store(false, Ordering::Release);
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = ClusterState::Left;
        self.with_requests(|requests| requests.node.handle_down(now()));
    }

    /// Returns `true` if nothing waits to be published.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbound.bytes() == 0 && self.in_flight.load(Ordering::Relaxed) == 0
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
                match self.wire.encode(&to, &message) {
                    Ok(message) => _ = self.push(Order::Publish { message, receipt }),
                    Err(_) => self.counters.refused.add(1),
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

/// The maximum number of changed subscriptions in one batch of orders.
const MAX_CHANGES: usize = 128;

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").field("id", &self.id).field("up", &self.is_up).finish_non_exhaustive()
    }
}

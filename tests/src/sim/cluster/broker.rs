use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socketio_core::cluster::{Address, Message, NodeId, RequestKey};

use super::ProcessKey;
use crate::sim::Random;

/// A publish-subscribe server. It delivers a message to the processes that are subscribed when it is published, at most
/// once, and in order from one process to another.
#[derive(Debug)]
pub struct Broker {
    /// The maximum delay of a message or a count in milliseconds.
    max_delay: u64,
    /// The truth of its counts.
    pub counting: Counting,
    links: BTreeMap<ProcessKey, Link>,
    addresses: BTreeMap<NodeId, ProcessKey>,
    /// The parcels in transit by time of arrival, with a number as the tie-breaker.
    in_transit: BTreeMap<(Instant, u64), Parcel>,
    /// The time at which the last message from one process to another arrives.
    last: BTreeMap<(ProcessKey, ProcessKey), Instant>,
    serial: u64,
}

/// The connection of a process.
#[derive(Debug)]
struct Link {
    /// A number that no other connection has. A parcel for an earlier connection is lost.
    epoch: u64,
    namespaces: BTreeSet<&'static str>,
    hearing: Hearing,
}

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// Messages arrive.
    Whole,
    /// Nothing arrives, although the process and the broker believe so.
    Deaf,
    /// The broker has dropped the subscription, and the process does not know.
    Dropped,
}

/// The errors of the broker's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counting {
    /// The number that is added to the subscribers of a namespace.
    pub subscribers: i8,
    /// The number that is added to the receivers of a message.
    pub receivers: i8,
    /// The percentage of counts that fail.
    pub fails: u8,
}

/// A delivery from the broker to a process.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The receiver.
    pub to: ProcessKey,
    /// The process that has sent it; for a count, the receiver itself.
    pub from: ProcessKey,
    /// The contents.
    pub contents: Contents,
    epoch: u64,
}

/// The contents of a [`Parcel`].
#[derive(Debug, Clone)]
pub enum Contents {
    /// A message.
    Message(Arc<Message>),
    /// A number of nodes that the receiver has requested.
    Count(RequestKey, Option<usize>),
}

impl Broker {
    /// Creates a broker that delays messages by up to `max_delay` milliseconds.
    pub fn new(max_delay: u64) -> Self {
        Self {
            max_delay,
            counting: Counting::default(),
            links: BTreeMap::new(),
            addresses: BTreeMap::new(),
            in_transit: BTreeMap::new(),
            last: BTreeMap::new(),
            serial: 0,
        }
    }

    /// Returns the maximum delay of a message.
    pub fn max_delay(&self) -> Duration {
        Duration::from_millis(self.max_delay)
    }

    /// Connects a process with its subscriptions.
    pub fn connect(
        &mut self,
        process: ProcessKey,
        id: &NodeId,
        namespaces: impl IntoIterator<Item = &'static str>,
    ) {
        self.serial += 1;
        let link = Link {
            epoch: self.serial,
            namespaces: namespaces.into_iter().collect(),
            hearing: Hearing::Whole,
        };
        self.links.insert(process, link);
        self.addresses.insert(id.clone(), process);
    }

    /// Ends the connection of a process. What is in transit to it is lost.
    pub fn disconnect(&mut self, process: ProcessKey) {
        self.links.remove(&process);
    }

    /// Forgets a process that is gone for good.
    pub fn forget(&mut self, process: ProcessKey, id: &NodeId) {
        self.addresses.remove(id);
        self.last.retain(|(from, to), _| *from != process && *to != process);
    }

    /// Spoils the subscription of a process. What is in transit to it is lost.
    pub fn deafen(&mut self, process: ProcessKey, hearing: Hearing) {
        if let Some(link) = self.links.get_mut(&process) {
            link.hearing = hearing;
        }
    }

    /// Returns `true` if a process is connected, even if nothing arrives.
    pub fn is_connected(&self, process: ProcessKey) -> bool {
        self.links.contains_key(&process)
    }

    /// Returns the processes at which messages of a namespace arrive.
    pub fn hearing<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = ProcessKey> + 'a {
        let hears = |link: &Link| link.hearing == Hearing::Whole && link.namespaces.contains(namespace);
        self.links.iter().filter(move |(_, link)| hears(link)).map(|(process, _)| *process)
    }

    /// Returns the hearing of a process that is connected.
    pub fn hearing_of(&self, process: ProcessKey) -> Option<Hearing> {
        self.links.get(&process).map(|link| link.hearing)
    }

    /// Returns the number of connections.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Returns the number of parcels in transit.
    pub fn in_transit(&self) -> usize {
        self.in_transit.len()
    }

    /// Publishes a message to the subscribers of its namespace, the sender among them. Returns the number of parcels.
    pub fn publish(
        &mut self,
        from: ProcessKey,
        to: &Address,
        message: &Arc<Message>,
        now: Instant,
        random: &mut Random,
    ) -> usize {
        let one = match to {
            Address::Everyone => None,
            Address::Node(id) => Some(self.addresses.get(id).copied()),
        };
        let receivers = self.hearing(&message.namespace);
        let receivers: Vec<_> = match one {
            None => receivers.collect(),
            Some(one) => receivers.filter(|process| Some(*process) == one).collect(),
        };
        for to in &receivers {
            let delay = Duration::from_millis(random.below(self.max_delay + 1));
            let last = self.last.entry((from, *to)).or_insert(now);
            *last = (*last).max(now + delay);
            let arrival = *last;
            self.post(*to, from, Contents::Message(Arc::clone(message)), arrival);
        }
        receivers.len()
    }

    /// Sends a process the number of nodes that have a namespace, or that have received a message in it.
    pub fn report(
        &mut self,
        process: ProcessKey,
        key: RequestKey,
        namespace: &str,
        of_receivers: bool,
        now: Instant,
        random: &mut Random,
    ) {
        let counts = |link: &&Link| link.hearing != Hearing::Dropped && link.namespaces.contains(namespace);
        let truth = self.links.values().filter(counts).count();
        let Counting { subscribers, receivers, fails } = self.counting;
        let error = if of_receivers { receivers } else { subscribers };
        let nodes = (!random.chance(fails)).then(|| truth.saturating_add_signed(error.into()));
        let arrival = now + Duration::from_millis(random.below(self.max_delay + 1));
        self.post(process, process, Contents::Count(key, nodes), arrival);
    }

    /// Returns the time at which the next parcel arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_transit.keys().next().map(|(arrival, _)| *arrival)
    }

    /// Takes the next parcel that has arrived, and is not lost.
    pub fn receive(&mut self, now: Instant) -> Option<Parcel> {
        loop {
            let first = self.in_transit.first_entry().filter(|first| first.key().0 <= now)?;
            let parcel = first.remove();
            let link = self.links.get(&parcel.to);
            if link.is_some_and(|link| link.epoch == parcel.epoch && link.hearing == Hearing::Whole) {
                return Some(parcel);
            }
        }
    }

    fn post(&mut self, to: ProcessKey, from: ProcessKey, contents: Contents, arrival: Instant) {
        let Some(link) = self.links.get(&to) else { return };
        self.serial += 1;
        let parcel = Parcel { to, from, contents, epoch: link.epoch };
        self.in_transit.insert((arrival, self.serial), parcel);
    }
}

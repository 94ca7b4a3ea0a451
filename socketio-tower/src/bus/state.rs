use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use socketio_core::cluster::{NodeId, ReadError};

use super::BackendError;
use crate::trace;

/// The state of a server's connection to its cluster.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClusterState {
    /// Connected, and subscribed.
    Up,
    /// Not connected. Events reach the sockets of this process; other nodes get those that are at most five seconds old
    /// when the connection is back.
    Down {
        /// The time at which the connection was lost, or at which the server joined.
        since: SystemTime,
        /// The reason of the last attempt to connect; `None` before the first attempt has failed.
        error: Option<BackendError>,
    },
    /// The server has left the cluster, because it was [closed](crate::SocketIo::close).
    Left,
}

impl ClusterState {
    /// Returns `true` if the server is connected.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }
}

/// Something that happened in a cluster, passed to [`SocketIoBuilder::on_cluster`](crate::SocketIoBuilder::on_cluster).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// The server is connected to the cluster.
    Up,
    /// The connection is lost, or an attempt to connect has failed.
    Down {
        /// The reason.
        error: BackendError,
    },
    /// Another node of this implementation has joined. Node servers do not report themselves.
    PeerJoined {
        /// The id of the node.
        node: NodeId,
    },
    /// Another node has left.
    PeerLeft {
        /// The id of the node.
        node: NodeId,
        /// Whether it has said so; otherwise it was silent for ten seconds.
        goodbye: bool,
    },
    /// Messages were not published, because they had waited too long or there were too many.
    MessagesDropped {
        /// The number of messages since the last event of this kind.
        count: u64,
    },
    /// Messages of other nodes could not be read. Reported at most once a second.
    MalformedMessages {
        /// The number of messages since the last event of this kind.
        count: u64,
        /// The reason of one of them.
        error: ReadError,
    },
    /// A handler of an event of another node failed; see
    /// [`on_server_event`](crate::NamespaceBuilder::on_server_event).
    ServerEventFailed {
        /// The path of the namespace.
        namespace: String,
        /// The name of the event.
        event: String,
        /// The reason.
        reason: String,
    },
}

impl ClusterEvent {
    /// Logs the event.
    pub(super) fn trace(&self) {
        match self {
            Self::Up => trace::cluster_up(),
            Self::Down { error } => trace::cluster_down(error),
            Self::PeerJoined { node } => trace::peer_joined(node.as_str()),
            Self::PeerLeft { node, goodbye } => trace::peer_left(node.as_str(), *goodbye),
            Self::MessagesDropped { count } => trace::cluster_messages_dropped(*count),
            Self::MalformedMessages { count, error } => trace::cluster_messages_malformed(*count, error),
            Self::ServerEventFailed { namespace, event, reason } => {
                trace::server_event_failed(namespace, event, reason);
            }
        }
    }
}

/// A callback for events of the cluster.
#[derive(Clone)]
pub(crate) struct ClusterHook(pub(crate) Arc<dyn Fn(&ClusterEvent) + Send + Sync>);

impl fmt::Debug for ClusterHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterHook")
    }
}

/// The counters of a server's cluster, in [`Stats::cluster`](crate::Stats::cluster). Those without another unit count
/// messages since the server joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterStats {
    /// Whether the server is connected to the cluster.
    pub up: bool,
    /// The number of other nodes of this implementation.
    pub peers: usize,
    /// Signs of life of nodes that are not among the peers, because there are 4,096 others.
    pub ignored: u64,
    /// The number of bytes that wait to be published.
    pub outbound_bytes: usize,
    /// The number of questions to other nodes that are not answered.
    pub questions: usize,
    /// The size of the answers to these questions so far, in bytes, with 32 for each answer and each ack that is awaited.
    pub question_bytes: usize,
    /// The number of questions and server events of other nodes that are being answered or wait for it.
    pub answering: usize,
    /// The bytes of server events of other nodes that wait for their handlers.
    pub answering_bytes: usize,
    /// The number of channels and patterns that the server subscribes to.
    pub subscriptions: usize,
    /// The number of times that the connection was established.
    pub connects: u64,
    /// Messages passed to the backend.
    pub published: u64,
    /// Messages that were not published, because they had waited too long or there were too many.
    pub dropped: u64,
    /// The bytes of these messages.
    pub dropped_bytes: u64,
    /// Messages that may or may not have been published, because the connection was lost meanwhile.
    pub uncertain: u64,
    /// Messages that were received, with those counted below.
    pub received: u64,
    /// Messages that this node had sent itself.
    pub echoes: u64,
    /// Broadcasts for rooms that no socket of this process is in, which are not decoded.
    pub skipped: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages of kinds that this version does not know.
    pub unknown: u64,
    /// Questions, answers and server events that were refused, because too many waited or because they were too large.
    pub refused: u64,
    /// Events that cannot be sent to clients, such as those with more than ten attachments.
    pub unsendable: u64,
}

/// The counters as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) connects: Counter,
    pub(super) published: Counter,
    pub(super) uncertain: Counter,
    pub(crate) received: Counter,
    pub(crate) echoes: Counter,
    pub(crate) skipped: Counter,
    pub(crate) malformed: Counter,
    pub(crate) unknown: Counter,
    pub(crate) refused: Counter,
    pub(crate) unsendable: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn stats(&self) -> ClusterStats {
        ClusterStats {
            connects: self.connects.get(),
            published: self.published.get(),
            uncertain: self.uncertain.get(),
            received: self.received.get(),
            echoes: self.echoes.get(),
            skipped: self.skipped.get(),
            malformed: self.malformed.get(),
            unknown: self.unknown.get(),
            refused: self.refused.get(),
            unsendable: self.unsendable.get(),
            ..ClusterStats::default()
        }
    }
}

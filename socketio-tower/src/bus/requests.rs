use std::collections::BTreeMap;
use std::fmt;

use socketio_core::cluster::{Answer, Finished, Node, NodeEvent, PeerLeft, RequestKey, Transmit};

use super::ClusterEvent;

/// The questions of this node to the others, with the receivers of their answers, and the peers.
pub(crate) struct Requests {
    pub(super) node: Node,
    waiting: BTreeMap<RequestKey, Waiter>,
}

/// A reply to a question.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// No further answers follow.
    Finished(Finished),
}

/// Takes the replies to one question, under the lock of the requests. It must only pass them on.
pub(crate) type Waiter = Box<dyn FnMut(Reply) + Send>;

/// The work that is left to do outside the lock of the requests.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    pub(super) transmits: Vec<Transmit>,
    pub(super) events: Vec<ClusterEvent>,
}

impl Requests {
    pub(super) fn new(node: Node) -> Self {
        Self { node, waiting: BTreeMap::new() }
    }

    pub(super) fn wait(&mut self, key: RequestKey, waiter: Waiter) {
        self.waiting.insert(key, waiter);
    }

    pub(super) fn forget(&mut self, key: RequestKey) -> Option<Waiter> {
        self.node.cancel(key);
        self.waiting.remove(&key)
    }

    /// Passes the node's events on, and returns what it transmits.
    pub(super) fn drain(&mut self) -> Leftover {
        let mut leftover = Leftover::default();
        while let Some(event) = self.node.poll() {
            match event {
                NodeEvent::Answer { key, answer, .. } => {
                    if let Some(waiter) = self.waiting.get_mut(&key) {
                        waiter(Reply::Answer(answer));
                    }
                }
                NodeEvent::Finished { key, how } => {
                    if let Some(mut waiter) = self.waiting.remove(&key) {
                        waiter(Reply::Finished(how));
                    }
                }
                NodeEvent::PeerJoined(node) => leftover.events.push(ClusterEvent::PeerJoined { node }),
                NodeEvent::PeerLeft { node, why } => {
                    let goodbye = why == PeerLeft::Goodbye;
                    leftover.events.push(ClusterEvent::PeerLeft { node, goodbye });
                }
                _ => {}
            }
        }
        leftover.transmits.extend(std::iter::from_fn(|| self.node.poll_transmit()));
        leftover
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("node", &self.node).finish_non_exhaustive()
    }
}

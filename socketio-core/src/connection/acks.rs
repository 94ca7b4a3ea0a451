use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::SocketKey;
use crate::packet::AckId;

/// A request for an acknowledgement of a sent packet.
#[derive(Debug)]
#[non_exhaustive]
pub struct AckRequest<A> {
    /// The id that the packet was encoded with.
    pub id: AckId,
    /// The token that is returned with the ack.
    pub token: A,
    /// The time after which the ack is no longer awaited; `None` waits as long as the socket is connected.
    pub deadline: Option<Instant>,
}

impl<A> AckRequest<A> {
    /// Requests an ack of the packet that was encoded with `id`.
    pub fn new(id: AckId, token: A, deadline: Option<Instant>) -> Self {
        Self { id, token, deadline }
    }
}

/// The acks that are awaited from a client, each with the token of the application.
#[derive(Debug)]
pub(super) struct Acks<A> {
    waiting: BTreeMap<(SocketKey, AckId), (A, Option<Instant>)>,
    deadlines: BTreeSet<(Instant, SocketKey, AckId)>,
}

impl<A> Default for Acks<A> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), deadlines: BTreeSet::new() }
    }
}

impl<A> Acks<A> {
    /// Registers an ack. Returns the token that was registered under the same id.
    pub(super) fn insert(
        &mut self,
        socket: SocketKey,
        id: AckId,
        token: A,
        deadline: Option<Instant>,
    ) -> Option<A> {
        let replaced = self.take(socket, id);
        self.waiting.insert((socket, id), (token, deadline));
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, socket, id));
        }
        replaced
    }

    pub(super) fn take(&mut self, socket: SocketKey, id: AckId) -> Option<A> {
        let (token, deadline) = self.waiting.remove(&(socket, id))?;
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, socket, id));
        }
        Some(token)
    }

    /// Removes one ack of this socket and returns its token.
    pub(super) fn take_of(&mut self, socket: SocketKey) -> Option<A> {
        let range = (socket, AckId(0))..=(socket, AckId(u64::MAX));
        let id = self.waiting.range(range).next()?.0.1;
        self.take(socket, id)
    }

    /// Removes one ack whose deadline has passed and returns its token.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<A> {
        let &(deadline, socket, id) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.take(socket, id)
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, ..)| deadline)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

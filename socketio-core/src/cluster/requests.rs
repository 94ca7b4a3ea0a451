use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::RequestKey;
use super::request::Request;

/// The maximum number of questions of one node that are pending at once. With a deadline of 5 s, this is 13,000
/// questions per second. A question takes about 400 bytes, and 100 for each node that has answered.
pub const MAX_QUESTIONS: usize = 65_536;

/// The questions of this node that have not ended, each with its next timer.
#[derive(Debug)]
pub(super) struct Requests {
    next: RequestKey,
    pending: BTreeMap<RequestKey, (Instant, Request)>,
    timers: BTreeSet<(Instant, RequestKey)>,
}

/// A timer that has gone off.
#[derive(Debug)]
pub(super) enum Due {
    /// Half of the time has passed.
    HalfTime(RequestKey),
    /// The deadline has passed. The question has been removed.
    Deadline(RequestKey, Request),
}

impl Requests {
    /// Creates an empty table whose first question has this key.
    pub(super) fn new(first: RequestKey) -> Self {
        Self { next: first, pending: BTreeMap::new(), timers: BTreeSet::new() }
    }

    /// Returns the key of a new question.
    pub(super) fn new_key(&mut self) -> RequestKey {
        let key = self.next;
        self.next = key.next();
        key
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns the size of the answers to all questions, in bytes.
    pub(super) fn size(&self) -> usize {
        self.pending.values().map(|(_, request)| request.size()).sum()
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= MAX_QUESTIONS
    }

    pub(super) fn insert(&mut self, key: RequestKey, request: Request) {
        let at = request.half_time();
        self.timers.insert((at, key));
        self.pending.insert(key, (at, request));
    }

    pub(super) fn get_mut(&mut self, key: RequestKey) -> Option<&mut Request> {
        self.pending.get_mut(&key).map(|(_, request)| request)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (RequestKey, &mut Request)> {
        self.pending.iter_mut().map(|(key, (_, request))| (*key, request))
    }

    pub(super) fn remove(&mut self, key: RequestKey) -> Option<Request> {
        let (at, request) = self.pending.remove(&key)?;
        self.timers.remove(&(at, key));
        Some(request)
    }

    /// Removes all questions and returns their keys.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = RequestKey> + use<> {
        self.timers.clear();
        std::mem::take(&mut self.pending).into_keys()
    }

    /// Returns one timer that has gone off. Each question has two.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Due> {
        let &(at, key) = self.timers.first()?;
        if at > now {
            return None;
        }
        let (timer, request) = self.pending.get_mut(&key)?;
        if request.deadline() <= now {
            return self.remove(key).map(|request| Due::Deadline(key, request));
        }
        *timer = request.deadline();
        self.timers.pop_first();
        self.timers.insert((*timer, key));
        Some(Due::HalfTime(key))
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }
}

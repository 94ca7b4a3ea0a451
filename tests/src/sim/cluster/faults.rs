use std::time::{Duration, Instant};

use super::{Cluster, Counting, Hearing, ProcessKey};

/// The time after which a driver notices that nothing arrives: the interval of its pings and the time that it waits for a
/// reply.
pub(super) const NOTICE: Duration = Duration::from_secs(8);

/// The time after which the broker notices that the host of a process is gone.
const GHOST: Duration = Duration::from_secs(60);

/// The maximum time after which a driver connects again, in milliseconds.
pub(super) const MAX_RECONNECT: u64 = 2_000;

/// Faults, and their ends.
impl Cluster {
    /// Cuts the connection of a process. Its driver notices at once, unless it is stopped.
    pub fn cut(&mut self, key: ProcessKey) {
        if !self.processes.get(&key).is_some_and(|process| process.linked) {
            return;
        }
        self.broker.disconnect(key);
        self.excuse(key);
        self.notice(key, Duration::ZERO);
    }

    /// Takes the broker down for some time. All connections are lost.
    pub fn take_down(&mut self, time: Duration) {
        self.down = self.down.max(self.now + time);
        let keys: Vec<_> = self.processes.keys().copied().collect();
        keys.into_iter().for_each(|key| self.cut(key));
        self.ghosts.keys().for_each(|ghost| self.broker.disconnect(*ghost));
        self.ghosts.clear();
    }

    /// Spoils the subscription of a process. Its driver notices when it gets no reply to its ping.
    pub fn deafen(&mut self, key: ProcessKey, hearing: Hearing) {
        let whole = self.broker.hearing_of(key) == Some(Hearing::Whole);
        if whole && hearing != Hearing::Whole {
            self.broker.deafen(key, hearing);
            self.excuse(key);
            self.notice(key, NOTICE);
        }
    }

    /// Kills a process. With its host gone too, the broker counts it for a minute.
    pub fn kill(&mut self, key: ProcessKey, host: bool) {
        if !self.processes.contains_key(&key) {
            return;
        }
        self.excuse(key);
        if let Some(ledger) = &mut self.ledger {
            ledger.cancel_all(key);
        }
        if host && self.broker.is_connected(key) {
            self.broker.deafen(key, Hearing::Deaf);
            self.ghosts.insert(key, self.now + GHOST);
        } else {
            self.broker.disconnect(key);
        }
        self.remove(key);
    }

    /// Lets a process leave with a goodbye.
    pub fn leave(&mut self, key: ProcessKey) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(&key).filter(|process| !process.stopped) else { return };
        if let Some(node) = &mut process.node {
            node.leave(now);
            process.linked = false;
            process.peers.clear();
            self.drain(key);
            let node = self.processes.get_mut(&key).and_then(|process| process.node.as_mut());
            let node = node.expect("it is still there");
            assert_eq!((node.pending(), node.poll_timeout(), node.peers().count()), (0, None, 0));
            assert!(node.poll().is_none() && node.poll_transmit().is_none());
        }
        self.broker.disconnect(key);
        self.excuse(key);
        self.remove(key);
    }

    /// Stops a process: what arrives waits, and its timers are late.
    pub fn stop(&mut self, key: ProcessKey) {
        let Some(process) = self.processes.get_mut(&key) else { return };
        process.stopped = true;
        if let Some(ledger) = &mut self.ledger {
            ledger.delay(key);
        }
        self.schedule(key);
    }

    /// Lets a stopped process go on. Its driver looks at its timers first, or at its input.
    pub fn resume(&mut self, key: ProcessKey) {
        let Some(process) = self.processes.get_mut(&key).filter(|process| process.stopped) else { return };
        process.stopped = false;
        self.schedule(key);
        if self.random.chance(50) {
            self.wake(key);
        }
        // Nothing is left of it if the driver has given up the connection.
        while let Some(parcel) = self.processes.get_mut(&key).and_then(|process| process.inbox.pop_front()) {
            self.receive(parcel);
        }
    }

    /// Drops what has arrived while a process was stopped.
    pub fn discard_inbox(&mut self, key: ProcessKey) {
        self.excuse(key);
        if let Some(process) = self.processes.get_mut(&key) {
            process.inbox.clear();
        }
    }

    /// Makes the broker's counts wrong, or right again.
    pub fn set_counting(&mut self, counting: Counting) {
        self.broker.counting = counting;
        if let Some(ledger) = &mut self.ledger {
            ledger.set_lies(counting.subscribers < 0 || counting.receivers < 0);
        }
    }

    /// Connects a process to the bus, or tries again later.
    pub(super) fn connect(&mut self, key: ProcessKey) {
        let later = self.later();
        let Some(process) = self.processes.get_mut(&key) else { return };
        if self.down > self.now {
            process.reconnects = Some(later);
            return self.schedule(key);
        }
        (process.linked, process.reconnects) = (true, None);
        self.broker.connect(key, &process.id, process.namespaces.keys().copied());
        if let Some(node) = &mut process.node {
            node.handle_up(self.now);
        }
        self.drain(key);
    }

    /// Ends the connection of a process, as its driver does when it notices that it is lost.
    pub(super) fn lose(&mut self, key: ProcessKey) {
        let later = self.later();
        let Some(process) = self.processes.get_mut(&key) else { return };
        (process.linked, process.notices, process.reconnects) = (false, None, Some(later));
        process.inbox.clear();
        self.broker.disconnect(key);
        if let Some(node) = &mut process.node {
            node.handle_down(self.now);
            assert_eq!((node.pending(), node.poll_timeout()), (0, None));
        }
        self.drain(key);
    }

    /// Returns the time of the next attempt to connect.
    fn later(&mut self) -> Instant {
        self.now + Duration::from_millis(1 + self.random.below(MAX_RECONNECT))
    }

    fn notice(&mut self, key: ProcessKey, after: Duration) {
        let at = self.now + after;
        if let Some(process) = self.processes.get_mut(&key) {
            process.notices = Some(process.notices.map_or(at, |before| before.min(at)));
        }
        self.schedule(key);
    }

    /// Records that messages to a process are lost.
    fn excuse(&mut self, key: ProcessKey) {
        if let Some(process) = self.processes.get_mut(&key) {
            process.missed = true;
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.excuse(key);
        }
    }
}

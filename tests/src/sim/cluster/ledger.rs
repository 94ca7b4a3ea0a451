use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use socketio_core::cluster::{Answer, Finished, RequestId, RequestKey};

use super::{Inquiry, ProcessKey};

/// The things that must happen in a cluster, and those that have.
///
/// A broadcast must arrive at the sockets of every process to which the broker could send it, unless the subscription
/// of the process is lost or spoilt before. No socket gets it twice. A question must end once, and by its deadline; if it
/// ends as complete, every process that could answer has answered.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The sockets that have yet to get a broadcast, by process.
    due: BTreeMap<ProcessKey, BTreeMap<u64, BTreeSet<u32>>>,
    /// The sockets that have got a broadcast.
    delivered: BTreeMap<(u64, ProcessKey), BTreeSet<u32>>,
    asked: BTreeMap<(ProcessKey, RequestId), Asked>,
    /// The questions that have ended since the last look.
    ended: Vec<(Asked, Finished)>,
    /// Set while counts may be lower than the truth.
    lies: bool,
}

/// A question that has not ended.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The key of the question.
    pub key: RequestKey,
    /// The kind of the question.
    pub inquiry: Inquiry,
    /// The latest end.
    pub deadline: Instant,
    /// The processes that can answer.
    pub must: BTreeSet<ProcessKey>,
    /// The processes that have answered, with the number of sockets that they have announced.
    pub answered: BTreeMap<ProcessKey, u64>,
    /// The numbers of acks that have come from each process.
    pub acks: BTreeMap<ProcessKey, u64>,
    /// The sockets or rooms in the answers.
    pub names: BTreeSet<String>,
    /// Set if the question may be complete too early: counts were too low, or a process is gone after its answer, which
    /// no count shows.
    pub may_be_early: bool,
    /// Set if the question may end late: its process was stopped.
    pub may_be_late: bool,
    /// Set once one socket has acknowledged a broadcast.
    pub has_ack: bool,
}

impl Asked {
    /// Creates a question that these processes can answer.
    pub fn new(key: RequestKey, inquiry: Inquiry, deadline: Instant, must: BTreeSet<ProcessKey>) -> Self {
        Self {
            key,
            inquiry,
            deadline,
            must,
            answered: BTreeMap::new(),
            acks: BTreeMap::new(),
            names: BTreeSet::new(),
            may_be_early: false,
            may_be_late: false,
            has_ack: false,
        }
    }

    fn check_complete(&self) {
        if self.may_be_early || (self.inquiry == Inquiry::Single && self.has_ack) {
            return;
        }
        for process in &self.must {
            assert!(self.answered.contains_key(process), "complete without process {process}: {self:?}");
        }
        let clients: u64 = self.answered.values().sum();
        let acks: u64 = self.acks.values().sum();
        assert!(acks >= clients, "complete without acks: {self:?}");
    }
}

impl Ledger {
    /// Records if counts may be lower than the truth from now on.
    pub fn set_lies(&mut self, lies: bool) {
        self.lies = lies;
        self.asked.values_mut().for_each(|asked| asked.may_be_early |= lies);
    }

    /// Records a broadcast that must arrive at these sockets of a process.
    pub fn expect(&mut self, number: u64, process: ProcessKey, sockets: BTreeSet<u32>) {
        if !sockets.is_empty() {
            self.due.entry(process).or_default().insert(number, sockets);
        }
    }

    /// Records that a socket has got a broadcast.
    pub fn deliver(&mut self, number: u64, process: ProcessKey, socket: u32) {
        let is_new = self.delivered.entry((number, process)).or_default().insert(socket);
        assert!(is_new, "socket {socket} of process {process} has got broadcast {number} twice");
        if let Some(due) = self.due.get_mut(&process)
            && let Some(sockets) = due.get_mut(&number)
        {
            sockets.remove(&socket);
            if sockets.is_empty() {
                due.remove(&number);
            }
        }
    }

    /// Returns the number of sockets that have got a broadcast.
    pub fn deliveries(&self, number: u64) -> usize {
        let of_number = (number, 0)..=(number, ProcessKey::MAX);
        self.delivered.range(of_number).map(|(_, sockets)| sockets.len()).sum()
    }

    /// Records that what is in transit to a process is lost, and that it can no longer be relied upon to answer.
    pub fn excuse(&mut self, process: ProcessKey) {
        self.due.remove(&process);
        for ((asker, _), asked) in &mut self.asked {
            let was_expected = asked.must.remove(&process);
            asked.may_be_early |= was_expected && asked.answered.contains_key(&process);
            // Its own subscription may be missing in a count from now on.
            asked.may_be_early |= *asker == process;
        }
    }

    /// Records that a process was stopped.
    pub fn delay(&mut self, process: ProcessKey) {
        let own = self.asked.iter_mut().filter(|((asker, _), _)| *asker == process);
        own.for_each(|(_, asked)| asked.may_be_late = true);
    }

    /// Records a question.
    pub fn ask(&mut self, process: ProcessKey, mut asked: Asked) {
        asked.may_be_early |= self.lies;
        assert!(self.asked.insert((process, asked.key.id()), asked).is_none(), "an id is used once");
    }

    /// Drops a question that was cancelled.
    pub fn cancel(&mut self, process: ProcessKey, key: RequestKey) {
        self.asked.remove(&(process, key.id()));
    }

    /// Drops all questions of a process.
    pub fn cancel_all(&mut self, process: ProcessKey) {
        self.asked.retain(|(asker, _), _| *asker != process);
    }

    /// Records that an answer of a process has reached the process that asked.
    pub fn arrive(&mut self, process: ProcessKey, request: &RequestId, from: ProcessKey, answer: &Answer) {
        let Some(asked) = self.asked.get_mut(&(process, request.clone())) else { return };
        // The answer was in transit when its sender went.
        asked.may_be_early |= !asked.must.contains(&from);
        match answer {
            Answer::Ack(_) | Answer::Unanswered(_) if asked.inquiry.has_acks() => {
                *asked.acks.entry(from).or_default() += 1;
                asked.has_ack |= matches!(answer, Answer::Ack(_));
            }
            Answer::Clients(clients) => _ = asked.answered.insert(from, (*clients).into()),
            _ => _ = asked.answered.insert(from, 0),
        }
    }

    /// Records that a node has reported an answer.
    pub fn report(&mut self, process: ProcessKey, request: &RequestId, answer: Answer) {
        let asked = self.asked.get_mut(&(process, request.clone()));
        let asked = asked.expect("answers are reported to questions that have not ended");
        match answer {
            Answer::Sockets(sockets) => asked.names.extend(sockets.into_iter().map(|facts| facts.id)),
            Answer::SocketIds(names) | Answer::Rooms(names) => asked.names.extend(names),
            _ => {}
        }
    }

    /// Records the end of a question.
    pub fn finish(
        &mut self,
        process: ProcessKey,
        request: &RequestId,
        how: Finished,
        is_up: bool,
        now: Instant,
    ) {
        let asked = self.asked.remove(&(process, request.clone()));
        let asked = asked.expect("a question ends once");
        let is_in_time = asked.may_be_late || now <= asked.deadline + TICK;
        assert!(is_in_time, "{:?} late: {asked:?}", now - asked.deadline);
        match &how {
            Finished::Complete => asked.check_complete(),
            Finished::Incomplete { .. } => assert!(now >= asked.deadline, "too early: {asked:?}"),
            Finished::Unreachable => assert!(!is_up, "the bus is up: {asked:?}"),
            other => panic!("{other:?}: {asked:?}"),
        }
        self.ended.push((asked, how));
    }

    /// Returns the questions of a process that have not ended.
    pub fn pending(&self, process: ProcessKey) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(move |((asker, _), _)| *asker == process).map(|(_, asked)| asked)
    }

    /// Takes the questions that have ended since the last call.
    pub fn take_ended(&mut self) -> Vec<(Asked, Finished)> {
        std::mem::take(&mut self.ended)
    }

    /// Asserts that everything has happened, and forgets what has.
    pub fn settle(&mut self) {
        self.due.retain(|_, due| !due.is_empty());
        assert!(self.due.is_empty(), "sockets that have not got a broadcast: {:?}", self.due);
        assert!(self.asked.is_empty(), "questions that have not ended: {:?}", self.asked);
        self.delivered.clear();
        self.ended.clear();
    }
}

/// The precision of deadlines.
const TICK: Duration = Duration::from_millis(1);

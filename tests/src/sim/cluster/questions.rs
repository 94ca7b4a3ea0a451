use std::time::{Duration, Instant};

use socketio_core::cluster::{
    Address, Answer, Body, Destination, Message, NoAck, Question, RawArray, RequestId, RequestKey,
    SocketFacts,
};
use socketio_core::packet::{AckId, Args, Encoder, RawJson};

use super::sockets::id;
use super::world::NAMESPACES;
use super::{Asked, Cluster, Hearing, ProcessKey};

/// The kind of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Each is the variant of `Question` of that name.
pub enum Inquiry {
    Sockets,
    SocketIds,
    Rooms,
    ServerEvent,
    Broadcast,
    /// A broadcast to one socket.
    Single,
}

impl Inquiry {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Sockets, Self::SocketIds, Self::Rooms, Self::ServerEvent, Self::Broadcast, Self::Single];

    /// Returns `true` if sockets answer the question.
    pub fn has_acks(self) -> bool {
        matches!(self, Self::Broadcast | Self::Single)
    }
}

impl Cluster {
    /// Lets a process ask the others, if it is of this implementation and running. Returns the key of the question.
    pub fn ask(
        &mut self,
        from: ProcessKey,
        namespace: usize,
        inquiry: Inquiry,
        to: &Destination,
        timeout: Duration,
    ) -> Option<RequestKey> {
        let path = NAMESPACES[namespace];
        let process = self.acting(from).filter(|process| process.is_ours())?;
        process.namespaces.get(path)?;
        let number = self.next_number();
        let (deadline, now) = (self.now + timeout, self.now);
        let question = match inquiry {
            Inquiry::Sockets => Question::Sockets { to: to.clone() },
            Inquiry::SocketIds => Question::SocketIds { rooms: to.rooms.clone() },
            Inquiry::Rooms => Question::Rooms,
            Inquiry::ServerEvent => Question::ServerEvent { event: event(number) },
            Inquiry::Broadcast | Inquiry::Single => Question::Broadcast {
                event: event(number),
                to: to.clone(),
                volatile: false,
                timeout: Some(timeout),
                single: inquiry == Inquiry::Single,
            },
        };
        let reached: Vec<_> = self.reached(from, path).collect();
        if inquiry.has_acks() {
            self.expect(number, &reached, namespace, to);
        }
        let node = self.processes.get_mut(&from)?.node.as_mut()?;
        let key = node.ask(path, question, deadline, now);
        let mut asked = Asked::new(key, inquiry, deadline, reached.into_iter().collect());
        // A node that is not in its own counts expects too few answers.
        asked.may_be_early = self.broker.hearing_of(from) != Some(Hearing::Whole);
        if let Some(ledger) = &mut self.ledger {
            ledger.ask(from, asked);
        }
        self.drain(from);
        Some(key)
    }

    /// Drops a question of a process, picked by a number.
    pub fn cancel(&mut self, from: ProcessKey, number: usize) {
        if self.acting(from).is_none() {
            return;
        }
        let Some(ledger) = &mut self.ledger else { return };
        let pending: Vec<_> = ledger.pending(from).map(|asked| asked.key).collect();
        let Some(at) = number.checked_rem(pending.len()) else { return };
        ledger.cancel(from, pending[at]);
        if let Some(node) = self.processes.get_mut(&from).and_then(|process| process.node.as_mut()) {
            node.cancel(pending[at]);
        }
        self.drain(from);
    }

    /// Lets a process answer a question.
    pub(super) fn answer(
        &mut self,
        process: ProcessKey,
        namespace: usize,
        asker: &Message,
        request: &RequestId,
        question: &Question,
    ) {
        let Some(from) = &asker.from else { return };
        let (to, request) = (Address::Node(from.clone()), request.clone());
        let Some(of) = self.processes.get_mut(&process) else { return };
        let ours = of.is_ours();
        let handshake = &self.handshake;
        let Some(sockets) = of.namespaces.get_mut(NAMESPACES[namespace]) else { return };
        let number = namespace as u8;
        let name = |socket: u32| id(process, number, socket).to_string();
        let answer = match question {
            Question::Sockets { to } => {
                let selected = sockets.select(to).into_iter();
                Answer::Sockets(selected.map(|socket| facts(name(socket), handshake)).collect())
            }
            Question::SocketIds { rooms } => {
                let to = Destination { rooms: rooms.clone(), except: Vec::new() };
                Answer::SocketIds(sockets.select(&to).into_iter().map(name).collect())
            }
            Question::Rooms => Answer::Rooms(sockets.room_names(process, number)),
            Question::ServerEvent { .. } => match self.random.below(10) {
                // A Node server without a handler does not answer.
                0 if !ours && !self.polite => return,
                1 if ours => Answer::Unanswered(NoAck::NoHandler),
                _ => Answer::ServerEvent(ack()),
            },
            Question::Broadcast { event, to: sockets, .. } => {
                let clients = self.deliver(process, namespace, event, sockets);
                return self.acknowledge(process, namespace, &to, &request, clients);
            }
            other => panic!("a question unknown to the simulator: {other:?}"),
        };
        let at = match question {
            Question::ServerEvent { .. } => self.soon(400),
            _ => self.now,
        };
        self.reply(process, namespace, at, &to, &request, answer);
    }

    /// Sends the acks of sockets, some of them before their number, as two connections to the bus may do.
    fn acknowledge(
        &mut self,
        process: ProcessKey,
        namespace: usize,
        to: &Address,
        request: &RequestId,
        clients: u32,
    ) {
        let announced = if self.random.chance(20) { self.soon(400) } else { self.now };
        self.reply(process, namespace, announced, to, request, Answer::Clients(clients));
        let ours = self.processes.get(&process).is_some_and(super::Process::is_ours);
        for _ in 0..clients {
            let answer = match self.random.below(10) {
                0 if !ours && !self.polite => continue,
                0 if ours => Answer::Unanswered(NoAck::Disconnected),
                _ => Answer::Ack(ack()),
            };
            let at = self.soon(400);
            self.reply(process, namespace, at, to, request, answer);
        }
    }

    /// Has an answer sent at a time. Processes of other implementations do not name themselves.
    fn reply(
        &mut self,
        process: ProcessKey,
        namespace: usize,
        at: Instant,
        to: &Address,
        request: &RequestId,
        answer: Answer,
    ) {
        let number = self.next_number();
        let Some(process) = self.processes.get_mut(&process) else { return };
        let body = Body::Answer { request: request.clone(), answer };
        let mut message = Message::new(process.id.clone(), NAMESPACES[namespace], body);
        if !process.is_ours() {
            message.from = None;
        }
        process.replies.insert((at, number), (to.clone(), message));
    }

    /// Returns a time within some milliseconds.
    fn soon(&mut self, millis: u64) -> Instant {
        self.now + Duration::from_millis(self.random.below(millis))
    }
}

/// Returns an event with a number.
pub(super) fn event(number: u64) -> RawArray {
    let packet = Encoder::default().event("/", "n", &number, None).expect("a number encodes");
    RawArray::of_packet(&packet).expect("an event has an array")
}

/// Returns the number of an event.
pub(super) fn number(event: &RawArray) -> u64 {
    let number = event.json().strip_prefix(r#"["n","#).and_then(|json| json.strip_suffix(']'));
    number.and_then(|number| number.parse().ok()).expect("an event with a number")
}

fn ack() -> RawArray {
    let packet = Encoder::default().ack("/", AckId(0), &Args((true,))).expect("a flag encodes");
    RawArray::of_packet(&packet).expect("an ack has an array")
}

fn facts(id: String, handshake: &RawJson) -> SocketFacts {
    let data = RawJson::parse("{}").expect("an object");
    SocketFacts::new(id.clone(), vec![id], handshake.clone(), data)
}

use std::time::Duration;

use bytes::Bytes;
use socketio_core::cluster::{
    Answer, Body, Destination, Message, NoAck, NodeId, Operation, Presence, Question, RawArray, RequestId,
    SocketFacts,
};
use socketio_core::packet::{AckId, Args, Encoder, RawJson, Value};

use super::Random;

/// A generator of the messages between the nodes of a cluster. Its events have all kinds of values, at a small depth.
#[derive(Debug)]
pub struct Messages {
    random: Random,
    encoder: Encoder,
    /// The number of attachments that the current event may still have.
    attachments: u32,
}

impl Messages {
    /// Creates a generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), encoder: Encoder::default(), attachments: 0 }
    }

    /// Returns a message of any kind.
    pub fn any(&mut self) -> Message {
        let body = match self.random.below(16) {
            0 => Body::Presence(self.one_of(&[Presence::Hello, Presence::Alive, Presence::Goodbye])),
            1..6 => Body::Operation(self.operation()),
            6..11 => {
                let question = self.question();
                Body::Question { request: self.request(), extended: self.random.chance(50), question }
            }
            _ => {
                let answer = self.answer();
                Body::Answer { request: self.request(), answer }
            }
        };
        self.message(body)
    }

    /// Returns a message that sends an event or an ack, which Node's classic adapter writes as MessagePack.
    pub fn with_event(&mut self) -> Message {
        let body = match self.random.below(4) {
            0 => {
                let question = self.question_of_broadcast();
                Body::Question { request: self.request(), extended: false, question }
            }
            1 => Body::Answer { request: self.request(), answer: Answer::Ack(self.args()) },
            _ => Body::Operation(self.broadcast()),
        };
        self.message(body)
    }

    fn message(&mut self, body: Body) -> Message {
        let id = NodeId::from_entropy([self.random.byte(); 8]);
        let namespace = self.one_of(&["/", "/chat", "/é", "/a/b"]);
        Message::new(id, namespace, body)
    }

    fn operation(&mut self) -> Operation {
        match self.random.below(8) {
            0 => Operation::Join { to: self.destination(), rooms: self.rooms() },
            1 => Operation::Leave { to: self.destination(), rooms: self.rooms() },
            2 => Operation::Disconnect { to: self.destination(), close: self.random.chance(50) },
            3 => Operation::ServerEvent { event: self.event() },
            _ => self.broadcast(),
        }
    }

    fn broadcast(&mut self) -> Operation {
        Operation::Broadcast { event: self.event(), to: self.destination(), volatile: self.random.chance(30) }
    }

    fn question(&mut self) -> Question {
        match self.random.below(6) {
            0 => Question::Sockets { to: self.destination() },
            1 => Question::ServerEvent { event: self.event() },
            2 => Question::SocketIds { rooms: self.rooms() },
            3 => Question::Rooms,
            _ => self.question_of_broadcast(),
        }
    }

    fn question_of_broadcast(&mut self) -> Question {
        let timeout = self.random.chance(70).then(|| Duration::from_millis(self.random.below(100_000)));
        Question::Broadcast {
            event: self.event(),
            to: self.destination(),
            volatile: self.random.chance(30),
            timeout,
            single: self.random.chance(30),
        }
    }

    fn answer(&mut self) -> Answer {
        match self.random.below(8) {
            0 => Answer::Clients(self.random.below(1 << 32) as u32),
            1 => Answer::Unanswered(self.one_of(&[
                NoAck::Disconnected,
                NoAck::TimedOut,
                NoAck::NotSent,
                NoAck::NoHandler,
            ])),
            2 => {
                let count = self.random.below(3);
                Answer::Sockets((0..count).map(|_| self.facts()).collect())
            }
            3 => Answer::ServerEvent(self.args()),
            4 => Answer::SocketIds(self.rooms()),
            5 => Answer::Rooms(self.rooms()),
            _ => Answer::Ack(self.args()),
        }
    }

    fn facts(&mut self) -> SocketFacts {
        self.attachments = 0;
        let [handshake, data] = [0, 0].map(|_| RawJson::of(&self.value(0)).expect("keys are text"));
        SocketFacts::new(format!("socket{}", self.random.below(100)), self.rooms(), handshake, data)
    }

    fn event(&mut self) -> RawArray {
        let name = self.one_of(&["message", "e", "é\n\"", "an event whose name is longer than a short text"]);
        let args = self.values();
        let packet = self.encoder.event("/", name, &Args(args), None).expect("at most 10 attachments");
        RawArray::of_packet(&packet).expect("an event")
    }

    fn args(&mut self) -> RawArray {
        let args = self.values();
        let packet = self.encoder.ack("/", AckId(0), &Args(args)).expect("at most 10 attachments");
        RawArray::of_packet(&packet).expect("an ack")
    }

    fn values(&mut self) -> Vec<Value> {
        self.attachments = if self.random.chance(30) { Encoder::MAX_ATTACHMENTS } else { 0 };
        (0..self.random.below(4)).map(|_| self.value(0)).collect()
    }

    fn value(&mut self, depth: u8) -> Value {
        let count = if self.random.chance(5) { 5 + self.random.below(20) } else { self.random.below(4) };
        match self.random.below(12) {
            0 => Value::Null,
            1 => Value::from(self.random.chance(50)),
            2 => Value::from(self.random.below(300)),
            3 => Value::from(self.bits()),
            4 => Value::from(self.bits() as i64 >> self.random.below(64)),
            5 => Value::from(f64::from(self.bits() as i32) / 64.0),
            6 => Value::from(f64::from_bits(self.bits())),
            7 => Value::from(self.text(300)),
            8 if self.attachments > 0 => {
                self.attachments -= 1;
                let length = self.random.below(300);
                Value::from((0..length).map(|_| self.random.byte()).collect::<Bytes>())
            }
            9 if depth < 5 => Value::from((0..count).map(|_| self.value(depth + 1)).collect::<Vec<_>>()),
            10 if depth < 5 => (0..count).map(|_| (self.text(20), self.value(depth + 1))).collect(),
            _ => Value::from(self.text(12)),
        }
    }

    fn text(&mut self, max: u64) -> String {
        const CHARACTERS: [char; 16] =
            ['a', 'b', 'z', 'A', '0', '9', ' ', '_', '"', '\\', '\n', '\u{1}', 'é', '€', '\u{2028}', '😀'];
        (0..self.random.below(max)).map(|_| self.one_of(&CHARACTERS)).collect()
    }

    fn destination(&mut self) -> Destination {
        Destination { rooms: self.rooms(), except: self.rooms() }
    }

    fn rooms(&mut self) -> Vec<String> {
        (0..self.random.below(3)).map(|_| self.text(9)).collect()
    }

    fn request(&mut self) -> RequestId {
        RequestId::parse(&format!("{:x}", self.bits())).expect("at most 16 digits")
    }

    fn bits(&mut self) -> u64 {
        self.random.below(u64::MAX)
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len() as u64) as usize]
    }
}

use std::collections::BTreeMap;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::engine::{Control, Response, Transmit};
use socketio_core::{Encoded, LinkId, Message};

/// The state of every link, with its invariants: an accepted request is responded to once or lost, an open stream is
/// closed once or lost, and nothing is transmitted on a link after that.
#[derive(Debug, Default)]
pub struct Ledger {
    records: BTreeMap<LinkId, Record>,
}

/// The state of one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A pending GET.
    Get,
    /// A pending POST.
    Post,
    /// An open stream, with the messages written to it since the last look.
    Stream(Vec<Message>),
    /// A request with its response, such as `200 2␞4hello` or `413 `.
    Answered(String),
    /// A closed stream, with the messages written before the close and its code.
    Closed(Vec<Message>, Option<u16>),
    /// A lost link, or one whose end has been looked at.
    Gone,
}

impl Ledger {
    /// Returns the state of a link.
    pub fn record(&self, link: LinkId) -> Option<&Record> {
        self.records.get(&link)
    }

    /// Returns the link created `back` links before the last one, modulo the number of links.
    pub fn link(&self, back: usize) -> Option<LinkId> {
        let back = back.checked_rem(self.records.len())?;
        self.records.keys().nth_back(back).copied()
    }

    /// Returns the last open stream.
    pub fn stream(&self) -> Option<LinkId> {
        let open = |(_, record): &(&LinkId, &Record)| matches!(record, Record::Stream(_));
        self.records.iter().rev().find(open).map(|(link, _)| *link)
    }

    /// Returns `true` if a link is in this state.
    pub fn waits(&self, like: &Record) -> bool {
        self.records.values().any(|record| record == like)
    }

    /// Returns the pending requests and the open streams.
    pub fn open(&self) -> Vec<LinkId> {
        let open = |record: &Record| matches!(record, Record::Get | Record::Post | Record::Stream(_));
        self.records.iter().filter(|(_, record)| open(record)).map(|(link, _)| *link).collect()
    }

    pub(super) fn insert(&mut self, link: LinkId, record: Record) {
        assert!(self.records.insert(link, record).is_none(), "a link id is used once");
    }

    /// Records that the driver has reported the loss of a link.
    pub(super) fn lose(&mut self, link: LinkId) {
        if let Some(record @ (Record::Get | Record::Post | Record::Stream(_))) = self.records.get_mut(&link) {
            *record = Record::Gone;
        }
    }

    /// Takes the messages written to a stream since the last call, and its close code if it was closed.
    pub(super) fn take_messages(&mut self, link: LinkId) -> (Vec<Message>, Option<Option<u16>>) {
        match self.records.get_mut(&link) {
            Some(Record::Stream(messages)) => (std::mem::take(messages), None),
            Some(record @ Record::Closed(..)) => match std::mem::replace(record, Record::Gone) {
                Record::Closed(messages, code) => (messages, Some(code)),
                _ => unreachable!("just matched"),
            },
            _ => (Vec::new(), None),
        }
    }

    pub(super) fn transmit(&mut self, transmit: &Transmit) {
        match transmit {
            Transmit::Respond { link, response } => {
                let record = self.records.get_mut(link).expect("a link of the driver");
                match (&record, response) {
                    (Record::Get, Response::Payload(body)) => check_payload(body),
                    (Record::Get, Response::Control { .. }) => {}
                    (Record::Post, Response::Accepted { .. })
                    | (Record::Get | Record::Post, Response::Rejected(_)) => {}
                    (record, response) => panic!("{link:?} is {record:?} but got the response {response:?}"),
                }
                *record = Record::Answered(render(response));
            }
            Transmit::Message { link, packet } => match self.records.get_mut(link) {
                Some(Record::Stream(messages)) => messages.extend(messages_of(packet)),
                record => panic!("{link:?} is {record:?} but was written to"),
            },
            Transmit::Close { link, code } => match self.records.get_mut(link) {
                Some(record @ Record::Stream(_)) => {
                    let Record::Stream(messages) = record else { unreachable!("just matched") };
                    *record = Record::Closed(std::mem::take(messages), *code);
                }
                record => panic!("{link:?} is {record:?} but was closed"),
            },
            other => panic!("a transmit unknown to the simulator: {other:?}"),
        }
    }
}

/// Checks that a payload has at most 16 packets, the limit of python-engineio's client (fault 41), none of them empty.
fn check_payload(body: &[u8]) {
    let body = std::str::from_utf8(body).expect("a payload is text");
    let packets = body.split('\x1e').inspect(|packet| assert!(!packet.is_empty(), "an empty packet")).count();
    assert!(packets <= 16, "{packets} packets in one response");
}

/// Renders a response in the notation of the tests.
pub(super) fn render(response: &Response) -> String {
    match response {
        Response::Payload(body) => format!("200 {}", String::from_utf8_lossy(body).replace('\x1e', "␞")),
        Response::Control { control: Control::Noop, .. } => "200 6".to_owned(),
        Response::Control { control: Control::Close, .. } => "200 1".to_owned(),
        Response::Accepted { .. } => "200 ok".to_owned(),
        Response::Rejected(error) => format!("{} {}", error.status(), error.body()),
        other => panic!("a response unknown to the simulator: {other:?}"),
    }
}

/// Decodes the packets of a payload.
pub(super) fn packets_of(body: &[u8]) -> Vec<Message> {
    let body = std::str::from_utf8(body).expect("a payload is text");
    let message = |packet: &str| match packet.strip_prefix('b') {
        Some(base64) => Message::Binary(decode_base64(base64).into()),
        None => Message::Text(packet.into()),
    };
    body.split('\x1e').map(message).collect()
}

/// Decodes the frames of a packet, which are neither masked nor fragmented.
pub(super) fn messages_of(packet: &Encoded) -> Vec<Message> {
    let (mut frames, mut messages) = (packet.websocket(), Vec::new());
    while let [first, second, rest @ ..] = frames {
        let (length, rest) = match (second, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize, rest)
            }
            (length, rest) => (usize::from(*length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        let payload = Bytes::copy_from_slice(payload);
        messages.push(match first {
            0x81 => Message::Text(ByteString::try_from(payload).expect("text is UTF-8")),
            0x82 => Message::Binary(payload),
            other => panic!("a frame that begins with {other:#x}"),
        });
        frames = rest;
    }
    assert!(frames.is_empty(), "an incomplete frame");
    messages
}

/// Decodes standard base64 with padding, independently of the server's own implementation.
fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_eq!(text.len() % 4, 0, "base64 is padded");
    let digits = text
        .trim_end_matches('=')
        .bytes()
        .map(|byte| ALPHABET.iter().position(|digit| *digit == byte).expect("a digit of base64") as u32);
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0, 0);
    for digit in digits {
        (bits, held) = (bits << 6 | digit, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

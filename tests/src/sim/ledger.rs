use std::collections::BTreeMap;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::engine::{Control, Response, Transmit};
use socketio_core::{Encoded, LinkId, Message};

/// What has become of every link, and the checks that belong to it: a request that was taken is answered
/// once or lost, a stream that stands is closed once or lost, and nothing is asked of a link after that.
#[derive(Debug, Default)]
pub struct Ledger {
    records: BTreeMap<LinkId, Record>,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A GET that waits.
    Get,
    /// A POST that waits.
    Post,
    /// A stream, and what was written to it and not looked at.
    Stream(Vec<Message>),
    /// A request was answered, as in `200 2␞4hello` or `413 `.
    Answered(String),
    /// A stream was closed, and what was written to it before that.
    Closed(Vec<Message>, Option<u16>),
    /// The link was lost, or its end was looked at.
    Gone,
}

impl Ledger {
    /// What has become of a link.
    pub fn record(&self, link: LinkId) -> Option<&Record> {
        self.records.get(&link)
    }

    /// The link that was made so many links before the last one, counted in a circle.
    pub fn link(&self, back: usize) -> Option<LinkId> {
        let back = back.checked_rem(self.records.len())?;
        self.records.keys().nth_back(back).copied()
    }

    /// The last stream that stands.
    pub fn stream(&self) -> Option<LinkId> {
        let stands = |(_, record): &(&LinkId, &Record)| matches!(record, Record::Stream(_));
        self.records.iter().rev().find(stands).map(|(link, _)| *link)
    }

    /// Whether a request like this one waits.
    pub fn waits(&self, like: &Record) -> bool {
        self.records.values().any(|record| record == like)
    }

    /// The requests that wait and the streams that stand.
    pub fn open(&self) -> Vec<LinkId> {
        let open = |record: &Record| matches!(record, Record::Get | Record::Post | Record::Stream(_));
        self.records.iter().filter(|(_, record)| open(record)).map(|(link, _)| *link).collect()
    }

    pub(super) fn insert(&mut self, link: LinkId, record: Record) {
        assert!(self.records.insert(link, record).is_none(), "a link has one life");
    }

    /// The driver has told the loss of a link.
    pub(super) fn lose(&mut self, link: LinkId) {
        if let Some(record @ (Record::Get | Record::Post | Record::Stream(_))) = self.records.get_mut(&link) {
            *record = Record::Gone;
        }
    }

    /// What was written to a stream since the last call, and the code if it was closed.
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
                    | (Record::Get | Record::Post, Response::Refused(_)) => {}
                    (record, response) => panic!("{link:?} is {record:?} and was answered {response:?}"),
                }
                *record = Record::Answered(render(response));
            }
            Transmit::Message { link, packet } => match self.records.get_mut(link) {
                Some(Record::Stream(messages)) => messages.extend(messages_of(packet)),
                record => panic!("{link:?} is {record:?} and was written to"),
            },
            Transmit::Close { link, code } => match self.records.get_mut(link) {
                Some(record @ Record::Stream(_)) => {
                    let Record::Stream(messages) = record else { unreachable!("just matched") };
                    *record = Record::Closed(std::mem::take(messages), *code);
                }
                record => panic!("{link:?} is {record:?} and was closed"),
            },
            other => panic!("a transmit that the simulator does not know: {other:?}"),
        }
    }
}

/// python-engineio's client takes 16 packets (fault 41); and no body is empty.
fn check_payload(body: &[u8]) {
    let body = std::str::from_utf8(body).expect("a payload is text");
    let packets = body.split('\x1e').inspect(|packet| assert!(!packet.is_empty(), "an empty packet")).count();
    assert!(packets <= 16, "{packets} packets in one answer");
}

/// A response as a test writes it.
pub(super) fn render(response: &Response) -> String {
    match response {
        Response::Payload(body) => format!("200 {}", String::from_utf8_lossy(body).replace('\x1e', "␞")),
        Response::Control { control: Control::Noop, .. } => "200 6".to_owned(),
        Response::Control { control: Control::Close, .. } => "200 1".to_owned(),
        Response::Accepted { .. } => "200 ok".to_owned(),
        Response::Refused(error) => format!("{} {}", error.status(), error.body()),
        other => panic!("a response that the simulator does not know: {other:?}"),
    }
}

/// The packets of a payload, text as it is and binary as [`Message::Binary`].
pub(super) fn packets_of(body: &[u8]) -> Vec<Message> {
    let body = std::str::from_utf8(body).expect("a payload is text");
    let message = |packet: &str| match packet.strip_prefix('b') {
        Some(base64) => Message::Binary(decode_base64(base64).into()),
        None => Message::Text(packet.into()),
    };
    body.split('\x1e').map(message).collect()
}

/// Reads the frames of a packet as a client would: no mask, no fragments.
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
    assert!(frames.is_empty(), "half a frame");
    messages
}

/// Standard base64 with padding; the server's own is not asked to judge itself.
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

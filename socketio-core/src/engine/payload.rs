use bytes::Bytes;
use bytestring::ByteString;
use data_encoding::BASE64;

use super::outbox::Outbox;
use super::packet::{Malformed, Packet};
use crate::Encoded;

/// The packets of a polling body, in order. The first that cannot be read ends it: those before it count.
pub(super) struct Packets {
    rest: Option<ByteString>,
    malformed: bool,
}

impl Packets {
    pub(super) fn decode(body: Bytes) -> Self {
        match ByteString::try_from(body) {
            Ok(text) => Self { rest: Some(text), malformed: false },
            Err(_) => Self { rest: None, malformed: true },
        }
    }
}

impl Iterator for Packets {
    type Item = Result<Packet, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if std::mem::take(&mut self.malformed) {
            return Some(Err(Malformed));
        }
        let text = self.rest.take()?;
        let packet = match text.split_once(SEPARATOR) {
            None => Packet::decode(&text),
            Some((packet, rest)) => {
                self.rest = Some(text.slice_ref(rest));
                Packet::decode(&text.slice_ref(packet))
            }
        };
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet)
    }
}

/// One answer to a GET.
#[derive(Default)]
pub(super) struct Payload {
    body: Vec<u8>,
    packets: usize,
}

impl Payload {
    /// Takes what fits from the front of the queue: at least one packet, however long.
    pub(super) fn fill(&mut self, queue: &mut Outbox) {
        while let Some(next) = queue.front() {
            if self.packets > 0 && self.packets + next.packets() > MAX_PACKETS {
                break;
            }
            self.push(next);
            queue.pop();
        }
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    fn push(&mut self, packet: &Encoded) {
        self.separate();
        self.body.extend_from_slice(packet.text());
        for attachment in packet.attachments() {
            self.separate();
            self.body.push(b'b');
            let start = self.body.len();
            self.body.resize(start + BASE64.encode_len(attachment.len()), 0);
            BASE64.encode_mut(attachment, &mut self.body[start..]);
        }
        self.packets += packet.packets();
    }

    fn separate(&mut self) {
        if !self.body.is_empty() {
            self.body.push(SEPARATOR as u8);
        }
    }
}

/// ASCII record separator, Engine.IO 4.
const SEPARATOR: char = '\x1e';

/// python-engineio's client drops the connection on more packets than this in one answer.
const MAX_PACKETS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn decode(body: &'static [u8]) -> Vec<Result<Packet, Malformed>> {
        Packets::decode(Bytes::from_static(body)).collect()
    }

    fn text(text: &str) -> Packet {
        Packet::Message(Message::Text(text.into()))
    }

    #[test]
    fn a_body_is_packets_and_separators() {
        let binary = Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])));
        assert_eq!(decode(b"4hello\x1ebAQIDBA=="), [Ok(text("hello")), Ok(binary)]);
        assert_eq!(decode(b"2"), [Ok(Packet::Ping { probe: false })]);
    }

    #[test]
    fn what_comes_before_the_fault_counts() {
        assert_eq!(decode(b"4a\x1eabc\x1e4b"), [Ok(text("a")), Err(Malformed)]);
        assert_eq!(decode(b""), [Err(Malformed)]);
        assert_eq!(decode(b"4a\x1e"), [Ok(text("a")), Err(Malformed)]);
        assert_eq!(decode(b"4\xff"), [Err(Malformed)]);
    }

    #[test]
    fn an_answer_holds_at_most_sixteen_packets() {
        let mut queue = Outbox::default();
        for i in 0..40 {
            queue.push(Encoded::text_only(&format!("4{i}")));
        }
        let sizes = [16, 16, 8, 0].map(|_| {
            let mut payload = Payload::default();
            payload.fill(&mut queue);
            payload.packets
        });
        assert_eq!(sizes, [16, 16, 8, 0]);
    }

    #[test]
    fn binary_goes_as_base64() {
        let mut queue = Outbox::default();
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        queue.push(crate::packet::Encoder::default().event("/", "a", &bytes, None).unwrap());
        let mut payload = Payload::default();
        payload.fill(&mut queue);
        assert_eq!(payload.into_body(), b"451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1ebAQIDBA==");
    }
}

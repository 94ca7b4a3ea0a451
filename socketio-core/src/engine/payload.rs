use data_encoding::BASE64;

use super::outbox::Outbox;
use super::{Malformed, Packet};
use crate::Encoded;

/// The packets of a polling body, in order. Those before one that cannot be read count.
///
/// ```
/// use socketio_core::engine::{Packet, decode_payload};
///
/// let packets: Result<Vec<_>, _> = decode_payload("2\x1e4hello").collect();
/// assert_eq!(packets, Ok(vec![Packet::Ping { probe: false }, Packet::Text("hello")]));
/// ```
pub fn decode_payload(body: &str) -> impl Iterator<Item = Result<Packet<'_>, Malformed>> {
    body.split(SEPARATOR).map(Packet::decode)
}

/// The body of a POST that carries these packets, for clients. How many it may have is the server's word: see
/// [`Config::max_payload`](crate::Config::max_payload).
pub fn encode_payload(packets: impl IntoIterator<Item = Encoded>) -> Vec<u8> {
    let mut queue = Outbox::default();
    packets.into_iter().for_each(|packet| queue.push(packet));
    let mut payload = Payload::default();
    while !queue.is_empty() {
        payload.fill(&mut queue);
    }
    payload.into_body()
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
        let mut packets = 0;
        let fits = |next: &&Encoded| {
            packets += next.packets();
            packets == next.packets() || packets <= MAX_PACKETS
        };
        let (count, room) = queue
            .iter()
            .take_while(fits)
            .fold((0, 0), |(count, room), next| (count + 1, room + length(next)));
        self.body.reserve_exact(room);
        for _ in 0..count {
            queue.pop().iter().for_each(|next| self.push(next));
        }
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    fn push(&mut self, packet: &Encoded) {
        if !packet.text().is_empty() {
            self.separate();
            self.body.extend_from_slice(packet.text());
        }
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

/// The bytes of a packet in a payload, with a separator for each.
fn length(packet: &Encoded) -> usize {
    let attachments = packet.attachments().map(|attachment| BASE64.encode_len(attachment.len()) + 2);
    packet.text().len() + 1 + attachments.sum::<usize>()
}

/// ASCII record separator, Engine.IO 4.
pub(super) const SEPARATOR: char = '\x1e';

/// python-engineio's client drops the connection on more packets than this in one answer.
const MAX_PACKETS: usize = 16;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_body_is_packets_and_separators() {
        let packets = |body| decode_payload(body).collect::<Vec<_>>();
        let binary = Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(packets("4hello\x1ebAQIDBA=="), [Ok(Packet::Text("hello")), Ok(binary)]);
        assert_eq!(packets("2"), [Ok(Packet::Ping { probe: false })]);
        assert_eq!(packets("4a\x1eabc"), [Ok(Packet::Text("a")), Err(Malformed)]);
        assert_eq!(packets(""), [Err(Malformed)]);
        assert_eq!(packets("4a\x1e"), [Ok(Packet::Text("a")), Err(Malformed)]);
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
    fn what_a_client_posts_can_be_read() {
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        let event = crate::packet::Encoder::default().event("/", "a", &bytes, None).unwrap();
        let body = String::from_utf8(encode_payload([Encoded::text_only("3"), event])).unwrap();
        let packets: Vec<_> = decode_payload(&body).map(Result::unwrap).collect();
        let text = r#"51-["a",{"_placeholder":true,"num":0}]"#;
        assert_eq!(packets, [Packet::Pong { probe: false }, Packet::Text(text), Packet::Binary(bytes)]);
        let many = (0..40).map(|i| Encoded::text_only(&format!("4{i}")));
        let body = String::from_utf8(encode_payload(many)).unwrap();
        assert_eq!(decode_payload(&body).count(), 40, "the bound of an answer is none of a POST");
    }

    #[test]
    fn binary_goes_as_base64() {
        let mut queue = Outbox::default();
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        queue.push(crate::packet::Encoder::default().event("/", "a", &bytes, None).unwrap());
        queue.push(Encoded::message(&crate::Message::Binary(bytes)));
        let mut payload = Payload::default();
        payload.fill(&mut queue);
        let body = b"451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1ebAQIDBA==\x1ebAQIDBA==";
        assert_eq!(payload.into_body(), body);
    }
}

use super::outbox::Outbox;
use super::{Malformed, Packet};
use crate::{Encoded, Revision};

/// The packets of a polling body of Engine.IO 4, in order. Those before one that cannot be read count.
///
/// ```
/// use socketio_core::engine::{Packet, decode_payload};
///
/// let packets: Result<Vec<_>, _> = decode_payload("2\x1e4hello").collect();
/// assert_eq!(packets, Ok(vec![Packet::Ping { probe: false }, Packet::Text("hello")]));
/// ```
pub fn decode_payload(body: &str) -> impl Iterator<Item = Result<Packet<'_>, Malformed>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let (packet, behind) = Revision::V4.read_first(rest?);
        rest = behind;
        Some(packet)
    })
}

/// The body of a POST that carries these packets, for clients that speak Engine.IO 4. How many it may have is the server's
/// word: see [`Config::max_payload`](crate::Config::max_payload).
pub fn encode_payload(packets: impl IntoIterator<Item = Encoded>) -> Vec<u8> {
    let mut body = Vec::new();
    packets.into_iter().for_each(|packet| Revision::V4.append(&packet, &mut body));
    body
}

/// Returns the body of an answer to a GET: what fits from the front of the queue, at least one packet, however long.
pub(super) fn take_payload(queue: &mut Outbox, revision: Revision) -> Vec<u8> {
    let mut packets = 0;
    let fits = |next: &&Encoded| {
        packets += next.packets();
        packets == next.packets() || packets <= MAX_PACKETS
    };
    let (count, room) = queue
        .iter()
        .take_while(fits)
        .fold((0, 0), |(count, room), next| (count + 1, room + revision.length(next)));
    let mut body = Vec::with_capacity(room);
    for _ in 0..count {
        queue.pop().iter().for_each(|next| revision.append(next, &mut body));
    }
    body
}

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
        let sizes = [16, 16, 8].map(|_| {
            let body = take_payload(&mut queue, Revision::V4);
            decode_payload(std::str::from_utf8(&body).unwrap()).count()
        });
        assert_eq!(sizes, [16, 16, 8]);
        assert!(queue.is_empty() && take_payload(&mut queue, Revision::V4).is_empty());
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
}

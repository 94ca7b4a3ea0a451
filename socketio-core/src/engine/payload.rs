use super::outbox::Outbox;
#[cfg(any(test, feature = "client"))]
use super::{Malformed, Packet};
use crate::{Encoded, Revision};

/// Returns the packets of a body, in order. Packets before an invalid one are valid.
#[cfg(any(test, feature = "client"))]
pub(crate) fn read_payload(
    body: &str,
    revision: Revision,
) -> impl Iterator<Item = Result<Packet<'_>, Malformed>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let (packet, behind) = revision.read_first(rest?);
        rest = behind;
        Some(packet)
    })
}

/// Returns the body of a GET response: the packets from the front of the queue that fit, at least one whatever its
/// size.
pub(super) fn take_payload(queue: &mut Outbox, revision: Revision) -> Vec<u8> {
    let mut packets = 0;
    take_while(queue, revision, |next| {
        packets += next.packets();
        packets == next.packets() || packets <= MAX_PACKETS
    })
}

/// Returns the body of a POST: the packets from the front of the queue that fit into `max_bytes`, at least one
/// whatever its size.
#[cfg(any(test, feature = "client"))]
pub(crate) fn take_body(queue: &mut Outbox, revision: Revision, max_bytes: usize) -> Vec<u8> {
    let mut bytes = 0;
    take_while(queue, revision, |next| {
        let length = revision.length(next);
        bytes += length;
        bytes == length || bytes <= max_bytes
    })
}

fn take_while(queue: &mut Outbox, revision: Revision, mut fits: impl FnMut(&Encoded) -> bool) -> Vec<u8> {
    let (count, room) = queue
        .iter()
        .take_while(|next| fits(next))
        .fold((0, 0), |(count, room), next| (count + 1, room + revision.length(next)));
    let mut body = Vec::with_capacity(room);
    for _ in 0..count {
        queue.pop().iter().for_each(|next| revision.append(next, &mut body));
    }
    body
}

/// The client of python-engineio closes the connection on more packets than this in one response.
const MAX_PACKETS: usize = 16;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_body_is_packets_and_separators() {
        let packets = |body| read_payload(body, Revision::V4).collect::<Vec<_>>();
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
            read_payload(std::str::from_utf8(&body).unwrap(), Revision::V4).count()
        });
        assert_eq!(sizes, [16, 16, 8]);
        assert!(queue.is_empty() && take_payload(&mut queue, Revision::V4).is_empty());
    }

    #[test]
    fn what_a_client_posts_can_be_read() {
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        let event = crate::packet::Encoder::default().event("/", "a", &bytes, None).unwrap();
        let mut queue = Outbox::default();
        queue.push(Revision::V4.pong());
        queue.push(event);
        let body = String::from_utf8(take_body(&mut queue, Revision::V4, 1000)).unwrap();
        let packets: Vec<_> = read_payload(&body, Revision::V4).map(Result::unwrap).collect();
        let text = r#"51-["a",{"_placeholder":true,"num":0}]"#;
        assert_eq!(packets, [Packet::Pong { probe: false }, Packet::Text(text), Packet::Binary(bytes)]);
    }

    #[test]
    fn a_post_is_bounded_in_bytes() {
        let mut queue = Outbox::default();
        (10..50).for_each(|i| queue.push(Encoded::text_only(&format!("4{i}"))));
        queue.push(Encoded::text_only(&"4".repeat(200)));
        let mut bodies = std::iter::from_fn(|| {
            let body = take_body(&mut queue, Revision::V4, 100);
            (!body.is_empty()).then_some(body.len())
        });
        assert!(
            bodies.by_ref().eq([99, 59, 200]),
            "four bytes a packet, and one that is alone may be longer"
        );
    }
}

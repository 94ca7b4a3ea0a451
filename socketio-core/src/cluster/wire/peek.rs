/// The facts about a message that are known without decoding it.
///
/// ```
/// use socketio_core::cluster::{Classic, NodeId, Wire};
/// use socketio_core::namespace::Target;
/// use socketio_core::packet::Encoder;
///
/// let wire = Wire::Classic(Classic::new("socket.io"));
/// let packet = Encoder::default().event("/chat", "message", "hi", None).unwrap();
/// let target = Target::rooms(&["lobby"]);
/// let sent = wire.broadcast(&NodeId::from_entropy([1; 8]), "/chat", &packet, &target, false).unwrap();
///
/// let peek = wire.peek(&sent.channel, &sent.payload).unwrap();
/// assert_eq!(peek.from, Some("0101010101010101"));
/// assert!(peek.broadcasts().any(|pair| pair == ("/chat", Some("lobby"))));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peek<'a> {
    /// The sender, if the message begins with it, as all messages of this implementation do.
    pub from: Option<&'a str>,
    /// The part of the channel's name that holds the namespace and the room of a broadcast, without the last `#`.
    pub(super) topic: Option<&'a str>,
}

impl<'a> Peek<'a> {
    /// Returns the pairs of namespace and room that a broadcast may be for; a room of `None` represents any number of
    /// rooms. The iterator is empty for other messages, which must be decoded.
    ///
    /// Both names may contain `#`, which also separates them, so the channel `socket.io#/a#b#c#` may be for three
    /// pairs. The message itself names the namespace.
    pub fn broadcasts(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let topic = self.topic.unwrap_or_default();
        let whole = self.topic.map(|topic| (topic, None));
        let pairs = topic.match_indices('#').map(move |(at, _)| (&topic[..at], Some(&topic[at + 1..])));
        whole.into_iter().chain(pairs)
    }
}

/// Returns the sender of a message that begins with it: `{"uid":"…"` in JSON; in MessagePack, a list whose first element it
/// is, or a map whose first member is `uid`.
pub(super) fn sender(payload: &[u8]) -> Option<&str> {
    let bytes = match payload {
        [b'{', rest @ ..] => {
            let rest = rest.strip_prefix(br#""uid":""#)?;
            let end = rest.iter().take(MAX_ID + 1).position(|byte| matches!(byte, b'"' | b'\\'))?;
            (rest[end] == b'"').then_some(&rest[..end])?
        }
        [0x93, rest @ ..] | [0x81..=0x8f, 0xa3, b'u', b'i', b'd', rest @ ..] => match rest {
            [header @ 0xa0..=0xbf, rest @ ..] => rest.get(..usize::from(header & 0x1f))?,
            [0xd9, length, rest @ ..] if usize::from(*length) <= MAX_ID => {
                rest.get(..usize::from(*length))?
            }
            _ => return None,
        },
        _ => return None,
    };
    std::str::from_utf8(bytes).ok().filter(|id| !id.is_empty())
}

/// The maximum length of an id in bytes.
const MAX_ID: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_at_the_beginning() {
        for payload in [
            &br#"{"uid":"abc","type":5}"#[..],
            b"\x93\xa3abc\xc0\xc0",
            b"\x93\xd9\x03abc",
            b"\x85\xa3uid\xa3abc\xa9",
            b"\x81\xa3uid\xd9\x03abc",
        ] {
            assert_eq!(sender(payload), Some("abc"));
            for end in 0..payload.len() {
                assert!(sender(&payload[..end]).is_none_or(|id| id == "abc"));
            }
        }
        let long = format!(r#"{{"uid":"{}"}}"#, "x".repeat(64));
        assert_eq!(sender(long.as_bytes()).map(str::len), Some(64));
        let longer = format!(r#"{{"uid":"{}"}}"#, "x".repeat(65));
        for payload in [
            longer.as_bytes(),
            b"",
            b"{",
            b"\x93",
            b"\x93\xc0\xc0\xc0",
            b"\x93\xa0",
            b"\x93\xa1\xff",
            b"\x93\xd9\x41aaa",
            br#"{"type":5,"uid":"abc"}"#,
            br#"{"uid":""}"#,
            br#"{"uid":"a\u0062"}"#,
            br#"{"uid":7}"#,
            b"\x85\xa4type\x05",
            b"[\"abc\"]",
        ] {
            assert_eq!(sender(payload), None, "{payload:x?}");
        }
    }

    #[test]
    fn a_topic_may_be_several_pairs() {
        let pairs = |topic| Peek { from: None, topic }.broadcasts().collect::<Vec<_>>();
        assert_eq!(pairs(None), []);
        assert_eq!(pairs(Some("/a")), [("/a", None)]);
        assert_eq!(pairs(Some("/a#b#c")), [("/a#b#c", None), ("/a", Some("b#c")), ("/a#b", Some("c"))]);
    }
}

use serde::Serialize;

use super::args::ArgsWriter;
use super::{AckId, RawJson, SerializeError, ToArgs};
use crate::encoded::EncodedBuffer;
use crate::namespace::is_reserved;
use crate::{Encoded, SocketId};

mod raw;

/// A writer of packets. Meant to be reused: its buffers grow to the largest packet, up to a limit.
///
/// ```
/// use socketio_core::packet::Encoder;
///
/// let packet = Encoder::default().event("/chat", "message", "hi", None).unwrap();
/// assert_eq!(packet.text(), br#"42/chat,["message","hi"]"#);
/// assert_eq!(packet.websocket(), b"\x81\x1842/chat,[\"message\",\"hi\"]");
/// ```
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: EncodedBuffer,
}

/// The reason a packet cannot be encoded. Always a mistake of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The name of the event is reserved by the protocol.
    #[error("`{0}` is an event of the protocol and cannot be emitted")]
    ReservedEvent(Box<str>),
    /// More attachments than [`Encoder::MAX_ATTACHMENTS`], on which the stock clients close the connection.
    #[error("{0} binary attachments; stock clients accept 10 at most")]
    TooManyAttachments(u32),
    /// The arguments contain binary, and also data that looks like a placeholder: `{"_placeholder":true}`. Clients
    /// would read it as an attachment, or close the connection.
    #[error(
        "arguments with binary also have a member `\"_placeholder\":true`, which clients would read as binary"
    )]
    Placeholder,
    /// A text is not the JSON array of an event.
    #[error("not a JSON array that begins with the name of an event")]
    NotAnEvent,
    /// A value cannot be written as JSON.
    #[error(transparent)]
    Serialize(#[from] SerializeError),
    /// The packet is 4 GiB or larger.
    #[error("the packet is too large")]
    TooLarge,
}

impl Encoder {
    /// The maximum number of attachments of a packet: the default of the stock clients since version 4.2.6 of their
    /// parser.
    pub const MAX_ATTACHMENTS: u32 = 10;

    /// Encodes an event. With an `id`, the event requests an ack.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved, or if the arguments cannot be encoded.
    ///
    /// ```
    /// use socketio_core::packet::{AckId, Args, Encoder};
    ///
    /// let mut encoder = Encoder::default();
    /// let packet = encoder.event("/", "add", &Args((1, 2)), Some(AckId(7))).unwrap();
    /// assert_eq!(packet.text(), br#"427["add",1,2]"#);
    /// ```
    pub fn event<T: ToArgs + ?Sized>(
        &mut self,
        namespace: &str,
        name: &str,
        args: &T,
        id: Option<AckId>,
    ) -> Result<Encoded, EncodeError> {
        if is_reserved(name) {
            return Err(EncodeError::ReservedEvent(name.into()));
        }
        self.array(namespace, [b'2', b'5'], Some(name), args, id)
    }

    /// Encodes the ack of an event.
    ///
    /// # Errors
    ///
    /// Returns an error if the arguments cannot be encoded.
    ///
    /// ```
    /// use socketio_core::packet::{AckId, Encoder};
    ///
    /// let packet = Encoder::default().ack("/", AckId(7), &3).unwrap();
    /// assert_eq!(packet.text(), b"437[3]");
    /// ```
    pub fn ack<T: ToArgs + ?Sized>(
        &mut self,
        namespace: &str,
        id: AckId,
        args: &T,
    ) -> Result<Encoded, EncodeError> {
        self.array(namespace, [b'3', b'6'], None, args, Some(id))
    }

    /// Encodes a client's connection request, with an optional JSON object as `auth`.
    pub fn connect_request(&mut self, namespace: &str, auth: Option<&RawJson>) -> Encoded {
        self.buffer.begin(header_room(namespace));
        self.buffer.text().extend_from_slice(auth.map_or("", RawJson::as_str).as_bytes());
        self.header(namespace, b'0', None)
    }

    /// Encodes the reply to an accepted connection request.
    pub fn connect(&mut self, namespace: &str, id: &SocketId) -> Encoded {
        self.buffer.begin(header_room(namespace));
        for part in ["{\"sid\":\"", id.as_str(), "\"}"] {
            self.buffer.text().extend_from_slice(part.as_bytes());
        }
        self.header(namespace, b'0', None)
    }

    /// Encodes the reply to a rejected connection request. `data` is omitted if it is `None`.
    ///
    /// ```
    /// use socketio_core::packet::Encoder;
    ///
    /// let packet = Encoder::default().connect_error("/admin", "not allowed", None);
    /// assert_eq!(packet.text(), br#"44/admin,{"message":"not allowed"}"#);
    /// ```
    pub fn connect_error(&mut self, namespace: &str, message: &str, data: Option<&RawJson>) -> Encoded {
        #[derive(Serialize)]
        struct Payload<'a> {
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a RawJson>,
        }

        self.buffer.begin(header_room(namespace));
        let written = serde_json::to_writer(self.buffer.text(), &Payload { message, data });
        debug_assert!(written.is_ok(), "strings and JSON can be written, and memory does not fail");
        self.header(namespace, b'4', None)
    }

    /// Encodes a DISCONNECT packet, which either side may send.
    ///
    /// ```
    /// use socketio_core::packet::Encoder;
    ///
    /// assert_eq!(Encoder::default().disconnect("/admin").text(), b"41/admin,");
    /// ```
    pub fn disconnect(&mut self, namespace: &str) -> Encoded {
        self.buffer.begin(header_room(namespace));
        self.header(namespace, b'1', None)
    }

    fn array<T: ToArgs + ?Sized>(
        &mut self,
        namespace: &str,
        [text, binary]: [u8; 2],
        name: Option<&str>,
        args: &T,
        id: Option<AckId>,
    ) -> Result<Encoded, EncodeError> {
        self.buffer.begin(header_room(namespace));
        let written = self.write_array(name, args);
        let count = self.buffer.count();
        let fault = match written {
            Err(error) => Some(error.into()),
            Ok(()) if count > Self::MAX_ATTACHMENTS => Some(EncodeError::TooManyAttachments(count)),
            Ok(()) if u32::try_from(self.buffer.len()).is_err() => Some(EncodeError::TooLarge),
            Ok(()) if !self.buffer.placeholders_are_valid() => Some(EncodeError::Placeholder),
            Ok(()) => None,
        };
        if let Some(fault) = fault {
            self.buffer.clear();
            return Err(fault);
        }
        Ok(self.header(namespace, if count > 0 { binary } else { text }, id))
    }

    fn write_array<T: ToArgs + ?Sized>(
        &mut self,
        name: Option<&str>,
        args: &T,
    ) -> Result<(), SerializeError> {
        self.buffer.text().push(b'[');
        if let Some(name) = name {
            self.buffer.write_string(name);
        }
        args.write(&mut ArgsWriter::new(&mut self.buffer, name.is_some()))?;
        self.buffer.text().push(b']');
        Ok(())
    }

    /// Writes the header before the payload, from right to left: the number of attachments is known only after the
    /// payload has been written.
    fn header(&mut self, namespace: &str, kind: u8, id: Option<AckId>) -> Encoded {
        if let Some(AckId(id)) = id {
            self.prepend_number(id);
        }
        if namespace != "/" {
            self.buffer.prepend(b",");
            self.buffer.prepend(namespace.as_bytes());
        }
        let count = self.buffer.count();
        if count > 0 {
            self.buffer.prepend(b"-");
            self.prepend_number(u64::from(count));
        }
        self.buffer.prepend(&[MESSAGE, kind]);
        self.buffer.finish()
    }

    fn prepend_number(&mut self, mut number: u64) {
        loop {
            self.buffer.prepend(&[b'0' + (number % 10) as u8]);
            number /= 10;
            if number == 0 {
                break;
            }
        }
    }
}

/// The Engine.IO type at the start of every packet.
pub(crate) const MESSAGE: u8 = b'4';

/// Returns the maximum length of a header: the Engine.IO type, the packet type, two numbers of twenty digits, `-`, the
/// namespace and `,`.
fn header_room(namespace: &str) -> usize {
    2 + 20 + 1 + namespace.len() + 1 + 20
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use bytestring::ByteString;
    use proptest::prelude::*;

    use super::*;
    use crate::packet::{Args, Event, NoArgs, PacketKind, decode};

    fn text(encoded: &Encoded) -> &str {
        std::str::from_utf8(encoded.text()).unwrap()
    }

    #[test]
    fn as_the_node_server_writes_them() {
        let mut encoder = Encoder::default();
        let id = "9aFAjv8vl6tN1Vy2AAAC".parse().unwrap();
        assert_eq!(text(&encoder.connect("/", &id)), r#"40{"sid":"9aFAjv8vl6tN1Vy2AAAC"}"#);
        assert_eq!(text(&encoder.connect("/a", &id)), r#"40/a,{"sid":"9aFAjv8vl6tN1Vy2AAAC"}"#);
        assert_eq!(text(&encoder.connect_request("/", None)), "40");
        let auth = RawJson::of(&BTreeMap::from([("token", 1)])).unwrap();
        assert_eq!(text(&encoder.connect_request("/a", Some(&auth))), r#"40/a,{"token":1}"#);
        let refused = encoder.connect_error("/random", "Invalid namespace", None);
        assert_eq!(text(&refused), r#"44/random,{"message":"Invalid namespace"}"#);
        let data = RawJson::of(&[1]).unwrap();
        assert_eq!(text(&encoder.connect_error("/", "\"", Some(&data))), r#"44{"message":"\"","data":[1]}"#);
        assert_eq!(text(&encoder.disconnect("/")), "41");
        assert_eq!(text(&encoder.disconnect("/admin")), "41/admin,");
        assert_eq!(text(&encoder.event("/", "foo", &1, None).unwrap()), r#"42["foo",1]"#);
        assert_eq!(text(&encoder.event("/", "foo", &(), None).unwrap()), r#"42["foo",null]"#);
        let event = encoder.event("/admin", "a\"b", &Args((1, "x")), Some(AckId(13))).unwrap();
        assert_eq!(text(&event), r#"42/admin,13["a\"b",1,"x"]"#);
        assert_eq!(text(&encoder.ack("/", AckId(0), &NoArgs).unwrap()), "430[]");
        assert_eq!(text(&encoder.ack("/admin", AckId(13), "bar").unwrap()), r#"43/admin,13["bar"]"#);
        let last = encoder.ack("/", AckId(u64::MAX), &1).unwrap();
        assert_eq!(text(&last), "4318446744073709551615[1]");
    }

    #[test]
    fn binary_becomes_attachments_at_any_depth() {
        let mut encoder = Encoder::default();
        let (a, b) = (Bytes::from_static(b"aa"), Bytes::from_static(b""));
        let packet = encoder.event("/", "baz", &Args((&a, BTreeMap::from([("k", vec![&b])]))), None).unwrap();
        let placeholder = |n| format!(r#"{{"_placeholder":true,"num":{n}}}"#);
        let expected = format!(r#"452-["baz",{},{{"k":[{}]}}]"#, placeholder(0), placeholder(1));
        assert_eq!(text(&packet), expected);
        assert_eq!(packet.attachments().collect::<Vec<_>>(), [&b"aa"[..], b""]);
        let ack = encoder.ack("/n", AckId(15), &a).unwrap();
        assert_eq!(text(&ack), format!("461-/n,15[{}]", placeholder(0)));
    }

    #[test]
    fn a_mistake_leaves_nothing_behind() {
        let mut encoder = Encoder::default();
        let bytes = Bytes::from_static(b"x");
        let no_json = Args((&bytes, BTreeMap::from([((1, 2), 3)])));
        assert!(matches!(encoder.event("/", "a", &no_json, None), Err(EncodeError::Serialize(_))));
        let many = vec![bytes; 11];
        assert!(matches!(encoder.event("/", "a", &many, None), Err(EncodeError::TooManyAttachments(11))));
        assert!(matches!(encoder.event("/", "disconnect", &1, None), Err(EncodeError::ReservedEvent(_))));
        let packet = encoder.event("/", "error", &1, None).unwrap();
        assert_eq!((text(&packet), packet.packets()), (r#"42["error",1]"#, 1));
    }

    fn echoed(float: f64) -> f64 {
        let packet = Encoder::default().event("/", "f64", &float, None).unwrap();
        Event::from_encoded(&packet).unwrap().args().first().unwrap()
    }

    #[test]
    fn non_finite_numbers_are_null() {
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let packet = Encoder::default().event("/", "f64", &float, None).unwrap();
            assert_eq!(text(&packet), r#"42["f64",null]"#);
        }
    }

    #[test]
    fn a_placeholder_that_is_data_does_not_stand_beside_binary() {
        let bytes = Bytes::from_static(b"x");
        let text = r#"{"_placeholder":true}"#;
        for data in [
            serde_json::json!({ "_placeholder": true, "num": 9 }),
            serde_json::json!({ "_placeholder": true, "num": 0 }),
            serde_json::json!({ "a": [{ "_placeholder": true }] }),
        ] {
            let mut encoder = Encoder::default();
            for args in [Args((&data, Some(&bytes))), Args((&data, None))] {
                let refused = encoder.event("/", "e", &args, None);
                match args.0.1 {
                    Some(_) => assert!(matches!(refused, Err(EncodeError::Placeholder)), "{data}"),
                    None => assert!(refused.is_ok(), "placeholders are ignored without attachments"),
                }
            }
            encoder.event("/", text, &Args((text, &bytes)), None).unwrap();
        }
    }

    #[test]
    fn raw_arguments_can_be_combined_with_others() {
        let attachments =
            [Bytes::from_static(b"zero"), Bytes::from_static(b"one"), Bytes::from_static(b"two")];
        let [zero, one, two] = &attachments;
        let mut encoder = Encoder::default();
        let args = Args((zero, serde_json::json!({ "a": 1.5 }), one, [two]));
        let packet = encoder.event("/", "e", &args, None).unwrap();
        let received = Event::from_encoded(&packet).unwrap();
        let all = encoder.event("/", "e", received.args(), None).unwrap();
        assert_eq!(all.websocket(), packet.websocket());
        let rest = encoder.event("/", "e", &received.args().skip(1), None).unwrap();
        let expected = encoder.event("/", "e", &Args((&args.0.1, one, [two])), None).unwrap();
        assert_eq!(rest.websocket(), expected.websocket(), "skipped arguments take their binary along");
    }

    #[test]
    fn several_are_a_tuple_or_a_list() {
        let mut encoder = Encoder::default();
        let three = encoder.event("/", "e", &Args((1, 2, 3)), None).unwrap();
        for packet in [
            encoder.event("/", "e", &Args(vec![1, 2, 3]), None),
            encoder.event("/", "e", &Args([1, 2, 3]), None),
            encoder.event("/", "e", &Args(&[1, 2, 3][..]), None),
        ] {
            assert_eq!(packet.unwrap().text(), three.text());
        }
        let none = encoder.event("/", "e", &NoArgs, None).unwrap();
        assert_eq!(text(&none), r#"42["e"]"#);
        assert_eq!(encoder.event("/", "e", &Args([0_u8; 0]), None).unwrap().text(), none.text());
    }

    proptest! {
        #[test]
        fn every_finite_double_comes_back(float in any::<u64>().prop_map(f64::from_bits), near in -1e3..1e3) {
            for float in [float, near, 117.633_313_394_000_17] {
                prop_assume!(float.is_finite());
                prop_assert_eq!(echoed(float).to_bits(), float.to_bits());
            }
        }

        #[test]
        fn written_packets_can_be_read(
            name in "\\PC{1,20}|[a-z\"\\\\\n]{1,8}",
            namespace in "/|/[a-z/]{1,10}",
            words in proptest::collection::vec(".{0,20}", 0..4),
            binary in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..5),
            id in proptest::option::of(any::<u64>()),
        ) {
            prop_assume!(!is_reserved(&name));
            let binary: Vec<_> = binary.into_iter().map(Bytes::from).collect();
            let packet =
                Encoder::default().event(&namespace, &name, &Args((&words, &binary)), id.map(AckId)).unwrap();
            let sent = ByteString::from(&text(&packet)[1..]);
            let decoded = decode(&sent, 10).unwrap();
            prop_assert_eq!(decoded.namespace, &namespace);
            let PacketKind::Event(head) = decoded.kind else { panic!("an event") };
            prop_assert_eq!((head.id, head.attachments), (id.map(AckId), binary.len()));
            let attachments = packet.attachments().map(Bytes::copy_from_slice).collect();
            let event = Event::new(&sent, head).with_attachments(attachments);
            prop_assert_eq!(event.name(), &name);
            let read: (Vec<String>, Vec<Bytes>) = event.args().all().unwrap();
            prop_assert_eq!(read, (words, binary));
        }
    }
}

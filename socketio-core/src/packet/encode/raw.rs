use bytes::Bytes;

use super::{EncodeError, Encoder, header_room};
use crate::Encoded;
use crate::namespace::is_reserved;
use crate::packet::AckId;
use crate::packet::args::ArgsWriter;
use crate::packet::decode::scan_named;
use crate::packet::placeholders::each_attachment_has_a_placeholder;

/// Events that are already JSON.
impl Encoder {
    /// Encodes an event from its JSON array, as in [`Encoded::array`], which another node has sent. The text is checked and
    /// copied, not parsed into values. Attachments are numbered in the order of their placeholders.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not the array of an event, if the name is reserved, if there are more attachments
    /// than [`MAX_ATTACHMENTS`](Self::MAX_ATTACHMENTS), or if the placeholders do not refer to every attachment once: the
    /// stock clients would close the connection.
    ///
    /// ```
    /// use socketio_core::packet::{EncodeError, Encoder};
    ///
    /// let mut encoder = Encoder::default();
    /// let packet = encoder.raw_event("/chat", r#"["message","hi"]"#, &[], None).unwrap();
    /// assert_eq!(packet.text(), br#"42/chat,["message","hi"]"#);
    /// let refused = encoder.raw_event("/chat", r#"{"message":"hi"}"#, &[], None);
    /// assert!(matches!(refused, Err(EncodeError::NotAnEvent)));
    /// ```
    pub fn raw_event(
        &mut self,
        namespace: &str,
        array: &str,
        attachments: &[Bytes],
        id: Option<AckId>,
    ) -> Result<Encoded, EncodeError> {
        let (name, ..) = scan_named(array).ok_or(EncodeError::NotAnEvent)?;
        if is_reserved(&name) {
            return Err(EncodeError::ReservedEvent((*name).into()));
        }
        let count = u32::try_from(attachments.len()).unwrap_or(u32::MAX);
        if count > Self::MAX_ATTACHMENTS {
            return Err(EncodeError::TooManyAttachments(count));
        }
        if count > 0 && !each_attachment_has_a_placeholder(array, attachments.len()) {
            return Err(EncodeError::Placeholder);
        }
        self.buffer.begin(header_room(namespace));
        ArgsWriter::new(&mut self.buffer, false).write_raw(array, attachments);
        if u32::try_from(self.buffer.len()).is_err() {
            self.buffer.clear();
            return Err(EncodeError::TooLarge);
        }
        Ok(self.header(namespace, if count > 0 { b'5' } else { b'2' }, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Event;

    fn text(encoded: &Encoded) -> &str {
        std::str::from_utf8(encoded.text()).unwrap()
    }

    #[test]
    fn the_array_of_an_event_is_copied() {
        let mut encoder = Encoder::default();
        for array in
            [r#"["a"]"#, r#"["a",1,"x"]"#, r#"[ "\u0061" , 1e2,"\ud83d"]"#, r#"["a",{"_placeholder":true}]"#]
        {
            for (namespace, id) in [("/", None), ("/chat", Some(AckId(7)))] {
                let packet = encoder.raw_event(namespace, array, &[], id).unwrap();
                assert_eq!(packet.array(), Some(array));
                assert_eq!(Event::from_encoded(&packet).unwrap().name(), "a");
            }
        }
        for array in ["", "[]", "{}", "[null]", r#"["a""#, r#"["a",]"#, r#"["a"]]"#, r#""a""#] {
            let refused = encoder.raw_event("/", array, &[], None);
            assert!(matches!(refused, Err(EncodeError::NotAnEvent)), "{array}");
        }
        let reserved = encoder.raw_event("/", r#"["\u0063onnect"]"#, &[], None);
        assert!(matches!(reserved, Err(EncodeError::ReservedEvent(name)) if &*name == "connect"));
    }

    #[test]
    fn the_attachments_of_an_array_match_its_placeholders() {
        let mut encoder = Encoder::default();
        let attachments = [Bytes::from_static(b"zero"), Bytes::from_static(b"one")];
        let at = |num: usize| format!(r#"{{"_placeholder":true,"num":{num}}}"#);
        let packet =
            encoder.raw_event("/", &format!(r#"["a",{},{}]"#, at(1), at(0)), &attachments, None).unwrap();
        assert_eq!(text(&packet), format!(r#"452-["a",{},{}]"#, at(0), at(1)));
        assert!(packet.attachments().eq([&b"one"[..], b"zero"]));
        for wrong in [
            r#"["a"]"#.to_owned(),
            format!(r#"["a",{}]"#, at(0)),
            format!(r#"["a",{},{}]"#, at(0), at(0)),
            format!(r#"["a",{},{}]"#, at(0), at(2)),
            format!(r#"["a",{},{},{{"_placeholder":true}}]"#, at(0), at(1)),
        ] {
            let refused = encoder.raw_event("/", &wrong, &attachments, None);
            assert!(matches!(refused, Err(EncodeError::Placeholder)), "{wrong}");
        }
        let many = vec![Bytes::new(); 11];
        let refused = encoder.raw_event("/", r#"["a"]"#, &many, None);
        assert!(matches!(refused, Err(EncodeError::TooManyAttachments(11))));
    }
}

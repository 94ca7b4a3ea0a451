use bytes::Bytes;
use bytestring::ByteString;

use crate::Encoded;
use crate::packet::{Placeholders, RawArgs};

/// A JSON array and its binary attachments: the name and arguments of an event, or the arguments of an ack.
///
/// The text is valid JSON and an array. Binary is represented by placeholders, `{"_placeholder":true,"num":0}`, as in
/// [`Encoded::array`]. Attachments are numbered in the order of their placeholders, and each has one. Equality compares
/// the text byte for byte.
///
/// ```
/// use socketio_core::cluster::RawArray;
/// use socketio_core::packet::{Encoder, RawArgs};
///
/// let packet = Encoder::default().event("/chat", "file", &bytes::Bytes::from_static(b"x"), None).unwrap();
/// let event = RawArray::of_packet(&packet).unwrap();
/// assert_eq!(event.json(), r#"["file",{"_placeholder":true,"num":0}]"#);
/// assert_eq!(event.attachments(), ["x"]);
///
/// let ack = Encoder::default().ack("/chat", socketio_core::packet::AckId(7), &5).unwrap();
/// let args = RawArgs::from(RawArray::of_packet(&ack).unwrap());
/// assert_eq!(args.first::<u8>().unwrap(), 5);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawArray {
    json: String,
    attachments: Vec<Bytes>,
}

impl RawArray {
    /// Creates an array from a text that is known to be valid, and the attachments in the order of its placeholders.
    pub(super) fn new(json: String, attachments: Vec<Bytes>) -> Self {
        debug_assert!(json.starts_with('[') && json.ends_with(']'), "{json}");
        Self { json, attachments }
    }

    /// Returns the array of an encoded event or ack, or `None` for another packet. The contents are copied.
    pub fn of_packet(packet: &Encoded) -> Option<Self> {
        let json = packet.array()?.trim_ascii_end().to_owned();
        Some(Self::new(json, packet.attachments().map(Bytes::copy_from_slice).collect()))
    }

    /// Returns received arguments. Their attachments are numbered anew, in the order of their placeholders, and those
    /// without a placeholder are left out. If a placeholder refers to no attachment, which a
    /// [`Connection`](crate::Connection) does not accept, all placeholders become data.
    ///
    /// ```
    /// use socketio_core::cluster::RawArray;
    /// use socketio_core::packet::{Args, Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// assert_eq!(RawArray::of_args(event.args()).json(), r#"[1,"two"]"#);
    /// ```
    pub fn of_args(args: &RawArgs) -> Self {
        let (text, given) = (args.json(), args.attachments());
        if given.is_empty() || !args.is_consistent() {
            return Self::new(format!("[{text}]"), Vec::new());
        }
        let (mut json, mut attachments) = (String::with_capacity(text.len() + 2), Vec::new());
        json.push('[');
        let mut rest = 0;
        for placeholder in Placeholders::of(text).flatten() {
            json.push_str(&text[rest..placeholder.range.start]);
            json.push_str(&placeholder_of(attachments.len()));
            attachments.extend(given.get(placeholder.number).cloned());
            rest = placeholder.range.end;
        }
        json.push_str(&text[rest..]);
        json.push(']');
        Self::new(json, attachments)
    }

    /// Returns the text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the binary attachments, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns the size in bytes of the text and the attachments.
    ///
    /// ```
    /// use socketio_core::cluster::RawArray;
    /// use socketio_core::packet::Encoder;
    ///
    /// let packet = Encoder::default().event("/", "message", "hi", None).unwrap();
    /// assert_eq!(RawArray::of_packet(&packet).unwrap().size(), r#"["message","hi"]"#.len());
    /// ```
    pub fn size(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Returns the text and the attachments.
    ///
    /// ```
    /// use socketio_core::cluster::RawArray;
    /// use socketio_core::packet::{Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/", "message", "hi", None).unwrap();
    /// let (json, attachments) = RawArray::of_packet(&packet).unwrap().into_parts();
    /// assert_eq!(Event::from_array(json, attachments).unwrap().name(), "message");
    /// ```
    pub fn into_parts(self) -> (String, Vec<Bytes>) {
        (self.json, self.attachments)
    }
}

/// Returns all elements as arguments, without copying: for the array of an ack, which does not begin with a name.
impl From<RawArray> for RawArgs {
    fn from(array: RawArray) -> Self {
        let text = ByteString::from(array.json);
        Self::of_ack(&text, &text).with_attachments(array.attachments)
    }
}

/// Returns the placeholder of an attachment, as `JSON.stringify` writes it.
pub(super) fn placeholder_of(number: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{number}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{AckId, Args, Encoder, Event, NoArgs};

    #[test]
    fn events_and_acks_have_an_array() {
        let mut encoder = Encoder::default();
        let bytes = Bytes::from_static(b"x");
        let event =
            RawArray::of_packet(&encoder.event("/n", "e", &Args((1, &bytes)), None).unwrap()).unwrap();
        assert_eq!(event.json(), format!(r#"["e",1,{}]"#, placeholder_of(0)));
        assert_eq!((event.attachments(), event.size()), (&[bytes][..], event.json().len() + 1));
        let ack = RawArray::of_packet(&encoder.ack("/n", AckId(1), &NoArgs).unwrap()).unwrap();
        assert_eq!(ack.json(), "[]");
        assert!(RawArgs::from(ack).is_empty());
        assert_eq!(RawArray::of_packet(&encoder.disconnect("/n")), None);
    }

    #[test]
    fn attachments_are_numbered_in_order() {
        let [zero, one, two] = [&b"zero"[..], b"one", b"two"].map(Bytes::from_static);
        let json = format!(r#"["e",{},[{}]]"#, placeholder_of(2), placeholder_of(0));
        let event = Event::from_array(json, vec![zero.clone(), one, two.clone()]).unwrap();
        let array = RawArray::of_args(event.args());
        assert_eq!(array.json(), format!("[{},[{}]]", placeholder_of(0), placeholder_of(1)));
        assert_eq!(array.attachments(), [two.clone(), zero.clone()]);
        assert_eq!(RawArgs::from(array).all::<(Bytes, Vec<Bytes>)>().unwrap(), (two, vec![zero]));
    }

    #[test]
    fn placeholders_of_nothing_are_data() {
        let text = ByteString::from(format!("[{},{}]", placeholder_of(0), placeholder_of(1)));
        let args = RawArgs::of_ack(&text, &text).with_attachments(vec![Bytes::new()]);
        let array = RawArray::of_args(&args);
        assert_eq!((array.json(), array.attachments()), (&*text, &[][..]));
        let text = ByteString::from_static("[]");
        assert_eq!(RawArray::of_args(&RawArgs::of_ack(&text, &text)).json(), "[]");
    }
}

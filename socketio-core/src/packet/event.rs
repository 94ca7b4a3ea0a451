use bytes::Bytes;
use bytestring::ByteString;

use super::{EventHead, MESSAGE, PacketKind, RawArgs, decode};
use crate::Encoded;

/// An event as it was received.
#[derive(Debug, Clone)]
pub struct Event {
    name: Name,
    args: RawArgs,
}

/// Where the name is.
#[derive(Debug, Clone)]
enum Name {
    /// At this place in the arguments' text.
    Within { start: u32, end: u32 },
    /// It was written with escapes.
    Unescaped(Box<str>),
}

impl Event {
    /// Keeps what was [decoded](super::decode) from `text`, without copying it.
    ///
    /// # Panics
    ///
    /// The head is of another text.
    pub fn new(text: &ByteString, head: EventHead<'_>) -> Self {
        let name = match head.name {
            std::borrow::Cow::Borrowed(name) => {
                let start = (name.as_ptr() as usize - head.array.as_ptr() as usize) as u32;
                Name::Within { start, end: start + name.len() as u32 }
            }
            std::borrow::Cow::Owned(name) => Name::Unescaped(name.into()),
        };
        Self { name, args: RawArgs::of_event(text.slice_ref(head.array), head.first) }
    }

    /// The event that an encoded packet carries; none if it is an ack or a packet of the protocol. Everything is
    /// copied.
    ///
    /// ```
    /// use socketio_core::packet::{Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/chat", "message", "hi", None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// assert_eq!((event.name(), event.args().json()), ("message", r#""hi""#));
    /// ```
    pub fn from_encoded(packet: &Encoded) -> Option<Self> {
        let text = std::str::from_utf8(packet.text()).ok()?.strip_prefix(char::from(MESSAGE))?;
        let text = ByteString::from(text);
        let PacketKind::Event(head) = decode(&text, usize::MAX).ok()?.kind else { return None };
        let attachments = packet.attachments().map(Bytes::copy_from_slice).collect();
        Some(Self::new(&text, head).with_attachments(attachments))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Within { start, end } => &self.args.array()[*start as usize..*end as usize],
            Name::Unescaped(name) => name,
        }
    }

    /// Its arguments.
    pub fn args(&self) -> &RawArgs {
        &self.args
    }

    /// What it weighs against the bounds of a connection, in bytes.
    pub fn size(&self) -> usize {
        self.args.size()
    }

    /// Copies the text, so that an event which is kept does not keep the whole body or buffer it came in.
    pub(crate) fn detach(mut self) -> Self {
        self.args.detach();
        self
    }

    /// The same event with the binary messages that followed it.
    #[must_use]
    pub fn with_attachments(self, attachments: Vec<Bytes>) -> Self {
        Self { args: self.args.with_attachments(attachments), ..self }
    }
}

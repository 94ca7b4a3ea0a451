use bytes::Bytes;
use bytestring::ByteString;

use super::{EventHead, MESSAGE, PacketKind, RawArgs, decode};
use crate::Encoded;

/// A received event: its name and its unparsed arguments.
#[derive(Debug, Clone)]
pub struct Event {
    name: Name,
    args: RawArgs,
}

/// The location of the name.
#[derive(Debug, Clone)]
enum Name {
    /// A range of the arguments' text.
    Within { start: u32, end: u32 },
    /// An unescaped copy, for a name that was written with escapes.
    Unescaped(Box<str>),
}

impl Event {
    /// Creates an event from a head [decoded](super::decode) from `text`, without copying.
    ///
    /// # Panics
    ///
    /// Panics if `head` was decoded from another text.
    pub fn new(text: &ByteString, head: EventHead<'_>) -> Self {
        let name = match head.name {
            std::borrow::Cow::Borrowed(name) => {
                let start = (name.as_ptr() as usize - head.array.as_ptr() as usize) as u32;
                Name::Within { start, end: start + name.len() as u32 }
            }
            std::borrow::Cow::Owned(name) => Name::Unescaped(name.into()),
        };
        Self { name, args: RawArgs::of_event(text.slice_ref(head.array), head.first, head.shape) }
    }

    /// Returns the event in an encoded packet, or `None` if the packet is not an event. Its contents are copied.
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

    /// Returns the name.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Within { start, end } => &self.args.array()[*start as usize..*end as usize],
            Name::Unescaped(name) => name,
        }
    }

    /// Returns the arguments.
    pub fn args(&self) -> &RawArgs {
        &self.args
    }

    /// Returns the size of the event that counts towards the limits of a connection, in bytes.
    pub fn size(&self) -> usize {
        self.args.size()
    }

    /// Copies the text, so that a stored event does not keep the whole body or buffer it was received in alive.
    pub(crate) fn detach(mut self) -> Self {
        self.args.detach();
        self
    }

    /// Returns the event with the binary messages that followed it.
    #[must_use]
    pub fn with_attachments(self, attachments: Vec<Bytes>) -> Self {
        Self { args: self.args.with_attachments(attachments), ..self }
    }
}

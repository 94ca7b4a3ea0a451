use bytes::Bytes;
use bytestring::ByteString;

use super::plain::Shape;
use super::{EventHead, EventName, MESSAGE, PacketKind, RawArgs, decode};
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

/// The parts of an event's text. They do not borrow the text, so that it can be moved into the event.
pub(crate) struct EventParts {
    name: Name,
    /// The offset of the first argument in the text, or 0 if there is none.
    first: usize,
    shape: Shape,
}

impl EventHead<'_> {
    /// Returns the parts of this head, as offsets into `text`, which ends with its array.
    ///
    /// # Panics
    ///
    /// Panics if the head was decoded from another text.
    #[inline]
    pub(crate) fn parts(self, text: &str) -> EventParts {
        let offset = |part: &str| {
            let offset = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            assert!(offset <= text.len(), "a head belongs to the text that it was decoded from");
            offset
        };
        let first = if self.first == 0 { 0 } else { offset(self.array) + self.first };
        let name = match self.name {
            EventName::Borrowed(name) => {
                let start = offset(name);
                Name::Within { start: start as u32, end: (start + name.len()) as u32 }
            }
            EventName::Owned(name) => Name::Unescaped(name.into()),
        };
        EventParts { name, first, shape: self.shape }
    }
}

impl Event {
    /// Creates an event from a head [decoded](super::decode) from `text`, without copying.
    ///
    /// # Panics
    ///
    /// Panics if `head` was decoded from another text.
    pub fn new(text: &ByteString, head: EventHead<'_>) -> Self {
        let array = text.slice_ref(head.array);
        let parts = head.parts(&array);
        Self::from_parts(array, parts)
    }

    /// Creates an event from its text, which ends with its array, and the parts of the text.
    #[inline]
    pub(crate) fn from_parts(text: ByteString, parts: EventParts) -> Self {
        let EventParts { name, first, shape } = parts;
        Self { name, args: RawArgs::of_event(text, first, shape) }
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

    /// Creates an event from its JSON array, as in [`Encoded::array`], without copying. Returns `None` if the text is not
    /// the array of an event, if its name [is reserved](crate::namespace::is_reserved), or if a placeholder in it does not
    /// refer to an attachment.
    ///
    /// ```
    /// use socketio_core::packet::Event;
    ///
    /// let event = Event::from_array(r#"["message","hi"]"#, Vec::new()).unwrap();
    /// assert_eq!((event.name(), event.args().json()), ("message", r#""hi""#));
    /// assert!(Event::from_array(r#"["disconnect"]"#, Vec::new()).is_none());
    /// ```
    pub fn from_array(array: impl Into<ByteString>, attachments: Vec<Bytes>) -> Option<Self> {
        let array = array.into();
        let head = EventHead::of_array(&array, attachments.len()).ok()?;
        let event = Self::new(&array, head).with_attachments(attachments);
        event.args.is_consistent().then_some(event)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Within { start, end } => &self.args.text()[*start as usize..*end as usize],
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

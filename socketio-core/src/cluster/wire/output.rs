use std::slice;

use bytes::Bytes;

use super::levels::TooDeep;
use super::{MAX_MESSAGE, Outgoing, WriteError};
use crate::Attachments;

/// The output for a message: JSON or MessagePack. The maps and lists of a message are written by the caller, the values of
/// the application by [`raw`](Self::raw).
pub(super) trait Output: Sized {
    /// Creates an output that appends to a buffer.
    fn new(buffer: Vec<u8>) -> Self;

    /// Returns the buffer.
    fn into_buffer(self) -> Vec<u8>;

    /// Begins a map of at most 15 members.
    fn open_map(&mut self) -> Open;

    /// Writes the key of the next member, which is a plain ASCII word. The value must follow.
    fn key(&mut self, map: &mut Open, key: &'static str) -> &mut Self;

    /// Ends a map.
    fn close_map(&mut self, map: Open);

    /// Begins a list.
    fn open_list(&mut self, length: usize) -> Open;

    /// Begins the next element of a list. The value must follow.
    fn element(&mut self, list: &mut Open) -> &mut Self;

    /// Ends a list, after as many elements as it was begun with.
    fn close_list(&mut self, list: Open);

    fn text(&mut self, text: &str);

    fn number(&mut self, number: u64);

    fn boolean(&mut self, boolean: bool);

    fn null(&mut self);

    /// Writes a valid JSON text whose placeholders stand for attachments, in order.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is nested too deeply.
    fn raw(&mut self, json: &str, attachments: &mut Parts<'_>) -> Result<(), TooDeep>;

    /// Writes a list of names.
    fn names(&mut self, count: usize, names: impl Iterator<Item = impl AsRef<str>>) {
        let mut list = self.open_list(count);
        for name in names {
            self.element(&mut list).text(name.as_ref());
        }
        self.close_list(list);
    }
}

/// A map or a list that is being written.
#[derive(Debug)]
#[must_use = "a map or a list must be closed"]
pub(super) struct Open {
    /// The offset of the header in the buffer.
    pub(super) at: usize,
    /// The number of members or elements written.
    pub(super) count: usize,
}

/// The attachments of an array, in the order of its placeholders.
#[derive(Debug, Clone)]
pub(super) enum Parts<'a> {
    /// Those of an encoded packet.
    Frames(Attachments<'a>),
    /// A list.
    List(slice::Iter<'a, Bytes>),
}

impl Parts<'_> {
    pub(super) fn none() -> Self {
        Self::List([].iter())
    }

    /// Returns `true` if there are no attachments left.
    pub(super) fn is_empty(&self) -> bool {
        self.clone().next().is_none()
    }

    /// Returns the size of the attachments in bytes, with their headers.
    pub(super) fn size(&self) -> usize {
        self.clone().map(|attachment| attachment.len() + 5).sum()
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Frames(frames) => frames.next(),
            Self::List(list) => list.next().map(|attachment| &attachment[..]),
        }
    }
}

/// Writes a message for a channel, whose name is given in parts. The name and the message share one allocation, of the
/// expected `size` of the message, so that a broadcast allocates it and the reference count.
///
/// # Errors
///
/// Returns an error if the message is too large, and those of `write`.
pub(super) fn outgoing<O: Output>(
    channel: &[&str],
    size: usize,
    write: impl FnOnce(&mut O) -> Result<(), WriteError>,
) -> Result<Outgoing, WriteError> {
    let name = channel.iter().map(|part| part.len()).sum();
    let mut buffer = Vec::with_capacity(name + size);
    for part in channel {
        buffer.extend_from_slice(part.as_bytes());
    }
    let mut output = O::new(buffer);
    write(&mut output)?;
    let mut payload = Bytes::from(output.into_buffer());
    let channel = payload.split_to(name);
    if payload.len() > MAX_MESSAGE {
        return Err(WriteError::TooLarge);
    }
    Ok(Outgoing { channel, payload })
}

use bytes::Bytes;

use super::{AckId, Event, RawArgs};
use crate::Config;

/// Collects the attachments of one packet. `P` is the state that the caller stores with the packet in the meantime.
///
/// The attachments of a packet follow it directly on a connection, so at most one packet is incomplete at a time.
#[derive(Debug)]
pub struct Assembler<P> {
    pending: Option<Box<Pending<P>>>,
    max_bytes: usize,
}

#[derive(Debug)]
struct Pending<P> {
    packet: P,
    missing: usize,
    bytes: usize,
    attachments: Vec<Bytes>,
}

/// A packet whose attachments have not all arrived. `S` identifies its socket.
#[derive(Debug)]
pub(crate) enum Incomplete<S> {
    Event {
        socket: S,
        event: Event,
        ack: Option<AckId>,
    },
    Ack {
        socket: S,
        id: AckId,
        args: RawArgs,
    },
    /// A packet for a socket that has been disconnected.
    Ignored,
}

/// A message that does not match the packet being assembled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// A binary message arrived that belongs to no packet.
    #[error("binary message without a packet")]
    Unexpected,
    /// A text message arrived before all attachments.
    #[error("text message before all attachments")]
    Interrupted,
    /// The attachments of a packet are larger in total than [`Config::max_payload`].
    #[error("attachments too large")]
    TooLarge,
}

impl<P> Assembler<P> {
    /// Creates an assembler with the limits of `config`.
    pub fn new(config: &Config) -> Self {
        Self { pending: None, max_bytes: config.max_payload }
    }

    /// Starts to collect the attachments of a packet. Expects at least one.
    pub fn start(&mut self, packet: P, attachments: usize) {
        // Not preallocated: the count comes from the client.
        let pending = Pending { packet, missing: attachments.max(1), bytes: 0, attachments: Vec::new() };
        self.pending = Some(Box::new(pending));
    }

    /// Adds an attachment. Returns the packet and its attachments once they are complete.
    ///
    /// # Errors
    ///
    /// Returns an error if no attachment is expected, or if the attachments are too large. The connection cannot
    /// continue after it.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use socketio_core::{Config, packet::Assembler};
    ///
    /// let mut assembler = Assembler::new(&Config::default());
    /// assembler.start("packet", 2);
    /// assert_eq!(assembler.push(Bytes::from_static(b"a")), Ok(None));
    /// let whole = assembler.push(Bytes::from_static(b"b")).unwrap();
    /// assert_eq!(whole, Some(("packet", vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")])));
    /// ```
    pub fn push(&mut self, bytes: Bytes) -> Result<Option<(P, Vec<Bytes>)>, AssembleError> {
        let mut pending = self.pending.take().ok_or(AssembleError::Unexpected)?;
        pending.bytes = pending.bytes.saturating_add(bytes.len());
        if pending.bytes > self.max_bytes {
            return Err(AssembleError::TooLarge);
        }
        pending.attachments.push(bytes);
        pending.missing -= 1;
        if pending.missing > 0 {
            self.pending = Some(pending);
            return Ok(None);
        }
        Ok(Some((pending.packet, pending.attachments)))
    }

    /// Returns the total size of the attachments collected for an incomplete packet, in bytes.
    pub fn bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.bytes)
    }

    /// Checks that a text message is allowed now.
    ///
    /// # Errors
    ///
    /// Returns an error if attachments are missing. The connection cannot continue after it.
    pub fn text_arrived(&self) -> Result<(), AssembleError> {
        if self.pending.is_some() { Err(AssembleError::Interrupted) } else { Ok(()) }
    }

    /// Discards an incomplete packet.
    pub fn clear(&mut self) {
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembler() -> Assembler<&'static str> {
        Assembler::new(&Config { max_payload: 10, ..Config::default() })
    }

    #[test]
    fn the_last_attachment_completes_the_packet() {
        let mut assembler = assembler();
        assembler.start("packet", 2);
        assert_eq!(assembler.push(Bytes::from_static(b"a")), Ok(None));
        assert_eq!(assembler.text_arrived(), Err(AssembleError::Interrupted));
        let whole = vec![Bytes::from_static(b"a"), Bytes::new()];
        assert_eq!(assembler.push(Bytes::new()), Ok(Some(("packet", whole))));
        assert_eq!(assembler.text_arrived(), Ok(()));
        assert_eq!(assembler.push(Bytes::new()), Err(AssembleError::Unexpected));
    }

    #[test]
    fn the_bytes_of_all_count() {
        let mut assembler = assembler();
        assembler.start("packet", 3);
        assert_eq!(assembler.push(Bytes::from_static(b"12345")), Ok(None));
        assert_eq!(assembler.push(Bytes::from_static(b"12345")), Ok(None));
        assert_eq!(assembler.push(Bytes::from_static(b"1")), Err(AssembleError::TooLarge));
    }
}

use bytes::Bytes;

use crate::Config;

/// Gathers the attachments of one packet. `P` is what the caller keeps of the packet meanwhile.
///
/// On one connection nothing comes between a packet and its attachments, so there is one at a time.
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

/// What came does not fit what is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// A binary message came that belongs to no packet.
    #[error("binary data without a packet")]
    Unexpected,
    /// A text message came while attachments are missing.
    #[error("text while attachments are missing")]
    Interrupted,
    /// The attachments of a packet have more bytes together than [`Config::max_payload`].
    #[error("attachments too large")]
    TooLarge,
}

impl<P> Assembler<P> {
    /// An assembler that keeps to the bounds of `config`.
    pub fn new(config: &Config) -> Self {
        Self { pending: None, max_bytes: config.max_payload }
    }

    /// Begins to wait for the attachments of a packet; at least one.
    pub fn start(&mut self, packet: P, attachments: usize) {
        // Room is made as they come: the count is the client's word.
        let pending = Pending { packet, missing: attachments.max(1), bytes: 0, attachments: Vec::new() };
        self.pending = Some(Box::new(pending));
    }

    /// Takes an attachment; gives the packet and all of them when it was the last.
    ///
    /// # Errors
    ///
    /// None is waited for, or it is too large. There is no way on after it.
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

    /// Returns how many bytes of attachments wait for the rest of their packet.
    pub fn bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.bytes)
    }

    /// Takes note of a text message.
    ///
    /// # Errors
    ///
    /// Attachments are missing. There is no way on after it.
    pub fn text_arrived(&self) -> Result<(), AssembleError> {
        if self.pending.is_some() { Err(AssembleError::Interrupted) } else { Ok(()) }
    }

    /// Waits for nothing any more.
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

use std::time::Instant;

use bytes::Bytes;
use socketio_core::LinkId;

/// The response to a GET, which the HTTP server takes piece by piece as the client reads it.
///
/// It stays here until then, so that it counts towards the client's queued bytes and can be dropped if the client stops
/// reading.
#[derive(Debug)]
pub(super) struct PendingResponse {
    pub(super) link: LinkId,
    /// The time when the last piece was taken.
    pub(super) moved: Instant,
    packets: Bytes,
    taken: usize,
}

impl PendingResponse {
    pub(super) fn new(link: LinkId, packets: Bytes, now: Instant) -> Self {
        Self { link, moved: now, packets, taken: 0 }
    }

    /// Returns the number of bytes it holds. This is its full length until the last piece is taken.
    pub(super) fn size(&self) -> usize {
        self.packets.len()
    }

    /// Returns the number of bytes that have not been taken.
    pub(super) fn left(&self) -> usize {
        self.packets.len() - self.taken
    }

    /// Takes the next piece. Returns it and `true` if it is the last. Unless it is the whole response, the piece is a
    /// copy, so that it does not keep the rest in memory.
    pub(super) fn take_piece(&mut self) -> (Bytes, bool) {
        if self.packets.len() <= PIECE {
            return (std::mem::take(&mut self.packets), true);
        }
        let end = self.packets.len().min(self.taken + PIECE);
        let piece = Bytes::copy_from_slice(&self.packets[self.taken..end]);
        self.taken = end;
        (piece, end == self.packets.len())
    }
}

/// The maximum length of a piece in bytes. hyper buffers up to 16 pieces per connection before it waits for the kernel,
/// so this bounds its memory.
const PIECE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_taken_in_pieces() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 5 * PIECE + 7] {
            let packets: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut response = PendingResponse::new(LinkId::new(0), packets.clone().into(), Instant::now());
            let mut taken = Vec::new();
            loop {
                let (piece, is_last) = response.take_piece();
                assert!(!piece.is_empty() && piece.len() <= PIECE);
                taken.extend_from_slice(&piece);
                if is_last {
                    break;
                }
                assert_eq!(response.size(), length);
            }
            assert_eq!(taken, packets);
        }
    }
}

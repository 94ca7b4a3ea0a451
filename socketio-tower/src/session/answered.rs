use std::time::Instant;

use bytes::Bytes;
use socketio_core::LinkId;

/// The answer to a GET on its way to the HTTP server, which takes a piece when its client can take one.
///
/// It stays here until then, so that it counts among what waits for the client, and can be dropped when the client takes
/// nothing of it.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) link: LinkId,
    /// When the last piece was taken.
    pub(super) moved: Instant,
    packets: Bytes,
    taken: usize,
}

impl Answered {
    pub(super) fn new(link: LinkId, packets: Bytes, now: Instant) -> Self {
        Self { link, moved: now, packets, taken: 0 }
    }

    /// The bytes that it holds, until its last piece is taken.
    pub(super) fn size(&self) -> usize {
        self.packets.len()
    }

    /// The bytes that have not been taken.
    pub(super) fn left(&self) -> usize {
        self.packets.len() - self.taken
    }

    /// The next piece, and whether it is the last. It is a copy, unless it is the whole: it must not keep the rest in memory.
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

/// The bytes of a piece. Hyper takes up to 16 pieces of a connection before it waits for the kernel: this is what bounds them.
const PIECE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_in_pieces() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 5 * PIECE + 7] {
            let packets: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut answered = Answered::new(LinkId::new(0), packets.clone().into(), Instant::now());
            let mut taken = Vec::new();
            loop {
                let (piece, is_last) = answered.take_piece();
                assert!(!piece.is_empty() && piece.len() <= PIECE);
                taken.extend_from_slice(&piece);
                if is_last {
                    break;
                }
                assert_eq!(answered.size(), length);
            }
            assert_eq!(taken, packets);
        }
    }
}

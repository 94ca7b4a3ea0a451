//! WebSocket frames from a client's side, RFC 6455 section 5.

use std::fmt;

use crate::failure::Failure;

/// A frame from a server: whole messages only, since no server of the contract fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Close,
    /// A ping or pong of WebSocket, not of Engine.IO.
    Control,
}

/// A frame that no server of the contract sends: fragments, compression, masks, unknown opcodes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    head: [u8; 2],
}

/// Any key will do (masking protects proxies); a fixed one allows preparing messages in advance.
const MASK: [u8; 4] = [0x51, 0xc3, 0x2e, 0x9a];

impl<'a> Frame<'a> {
    /// Returns the first frame of these bytes and its length, or `None` if it is incomplete.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        let malformed = Malformed { head: [first, second] };
        let (length, start): (_, usize) = match (second, rest) {
            (126, &[a, b, ..]) => (usize::from(u16::from_be_bytes([a, b])), 4),
            (127, &[a, b, c, d, e, f, g, h, ..]) => {
                let length = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                (usize::try_from(length).map_err(|_| Malformed { ..malformed })?, 10)
            }
            (126 | 127, _) => return Ok(None),
            (128.., _) => return Err(malformed),
            (length, _) => (usize::from(length), 2),
        };
        let Some(payload) = start.checked_add(length).and_then(|end| bytes.get(start..end)) else {
            return Ok(None);
        };
        let frame = match first {
            0x81 => Self::Text(payload),
            0x82 => Self::Binary(payload),
            0x88 => Self::Close,
            0x89 | 0x8a => Self::Control,
            _ => return Err(malformed),
        };
        Ok(Some((frame, start + length)))
    }

    pub(crate) fn payload(self) -> &'a [u8] {
        match self {
            Self::Text(payload) | Self::Binary(payload) => payload,
            Self::Close | Self::Control => &[],
        }
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Contract(malformed.to_string())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server sent a frame that starts with {:02x?}", self.head)
    }
}

/// Returns a masked text frame.
pub(crate) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    masked(0x81, payload.as_ref())
}

/// Returns a masked binary frame.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    masked(0x82, payload)
}

/// Returns a masked close frame with 1000, a normal closure.
pub(crate) fn close() -> Vec<u8> {
    masked(0x88, &1000_u16.to_be_bytes())
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmasked(frame: &[u8], start: usize) -> Vec<u8> {
        frame[start..]
            .iter()
            .zip(frame[start - 4..start].iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect()
    }

    #[test]
    fn frames_of_every_length_are_masked() {
        for (length, head, start) in [
            (0, vec![0x81, 0x80], 6),
            (125, vec![0x81, 0xfd], 6),
            (126, vec![0x81, 0xfe, 0, 126], 8),
            (65535, vec![0x81, 0xfe, 0xff, 0xff], 8),
            (65536, vec![0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], 14),
        ] {
            let payload = vec![b'x'; length];
            let frame = text(&payload);
            assert!(frame.starts_with(&head), "{length}");
            assert_eq!(unmasked(&frame, start), payload, "{length}");
        }
        assert_eq!(unmasked(&close(), 6), [0x03, 0xe8]);
        assert_eq!(binary(b"abc")[..2], [0x82, 0x83]);
    }

    #[test]
    fn frames_of_every_length_are_read() {
        for (length, mut bytes) in [
            (3, vec![0x82, 3]),
            (126, vec![0x82, 126, 0, 126]),
            (65536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let start = bytes.len();
            bytes.extend(vec![7; length]);
            bytes.push(0x81);
            let (frame, used) = Frame::parse(&bytes).unwrap().unwrap();
            assert_eq!((frame, used), (Frame::Binary(&vec![7; length]), start + length));
        }
    }

    #[test]
    fn a_frame_that_is_cut_short_waits_for_the_rest() {
        let whole = [&[0x81, 126, 0, 200][..], &[b'x'; 200]].concat();
        for length in 0..whole.len() {
            assert_eq!(Frame::parse(&whole[..length]), Ok(None), "{length}");
        }
        let huge = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Frame::parse(&huge), Ok(None));
    }

    #[test]
    fn what_no_server_may_send_is_malformed() {
        for head in [[0x01, 0], [0xc1, 0], [0x81, 0x80], [0x83, 0]] {
            assert_eq!(Frame::parse(&head), Err(Malformed { head }));
        }
    }
}

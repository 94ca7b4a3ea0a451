use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::links::LinkRole;
use super::{Session, State};
use crate::engine::{Malformed, Packet, Transmit};
use crate::{DisconnectReason, LinkId, Message};

/// A message for Socket.IO, which was received over a stream.
#[derive(Debug)]
pub(crate) enum Received {
    /// A text. It begins at `start` in the transport message that contains it.
    Text {
        whole: ByteString,
        start: usize,
    },
    Binary(Bytes),
}

impl Received {
    pub(super) fn into_message(self) -> Message {
        match self {
            Self::Text { whole, start } => Message::Text(whole.slice_ref(&whole[start..])),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }
}

/// The contents of a message for Socket.IO, borrowed from its packet.
pub(super) enum Contents<'p> {
    Text(&'p str),
    Binary(Bytes),
}

/// The handling of received packets.
impl Session {
    /// Reads a message of a stream. A Socket.IO message in it is returned at once instead of being queued among the
    /// events.
    #[inline]
    pub(crate) fn read_message(&mut self, link: LinkId, message: Message, now: Instant) -> Option<Received> {
        match self.role(link) {
            LinkRole::Stream => self.read_streaming(message, now),
            LinkRole::Candidate => {
                self.read_candidate(link, &message, now);
                None
            }
            LinkRole::Expected
            | LinkRole::Parked
            | LinkRole::Answered
            | LinkRole::Post
            | LinkRole::Unrelated => None,
        }
    }

    /// Reads a message of the stream that carries the packets.
    #[inline]
    fn read_streaming(&mut self, message: Message, now: Instant) -> Option<Received> {
        if let State::Streaming { whole_by, .. } = &mut self.state {
            *whole_by = None;
        }
        self.heartbeat.heard();
        match message {
            Message::Text(whole) => {
                let Ok(packet) = self.revision.read_text(&whole) else { return self.reject_message() };
                match self.read_packet(packet, now)? {
                    Contents::Text(text) => {
                        let start = whole.len() - text.len();
                        Some(Received::Text { whole, start })
                    }
                    Contents::Binary(bytes) => Some(Received::Binary(bytes)),
                }
            }
            Message::Binary(bytes) => match self.revision.read_binary(bytes) {
                Ok(bytes) => Some(Received::Binary(bytes)),
                Err(Malformed) => self.reject_message(),
            },
        }
    }

    /// Ends the session because of a message that cannot be read.
    fn reject_message(&mut self) -> Option<Received> {
        self.fail(DisconnectReason::ParseError, None);
        None
    }

    /// Reads a message of the stream that may take over: the probe, and then the completion of the upgrade.
    fn read_candidate(&mut self, link: LinkId, message: &Message, now: Instant) {
        let State::Polling { candidate: Some(candidate), .. } = &mut self.state else { return };
        let packet = match message {
            Message::Text(text) => self.revision.read_text(text).ok(),
            Message::Binary(_) => None,
        };
        match packet {
            Some(Packet::Ping { probe: true }) if candidate.probe(now, self.answering) => {
                let packet = self.revision.probe_answer();
                self.transmits.push_back(Transmit::Message { link, packet });
                self.heard();
                // After the reply, so that the client has usually paused polling before the GET is released.
                self.handle_timeout(now);
            }
            Some(Packet::Upgrade) if candidate.is_probed() => self.commit(),
            // The session stays on polling; only the stream is closed.
            _ => self.drop_candidate(),
        }
    }

    /// Handles a packet. Returns the contents of a message for Socket.IO.
    pub(super) fn read_packet<'p>(&mut self, packet: Packet<'p>, now: Instant) -> Option<Contents<'p>> {
        match packet {
            Packet::Text(text) => return Some(Contents::Text(text)),
            Packet::Binary(bytes) => return Some(Contents::Binary(bytes)),
            // Node ignores `1` on a WebSocket until the ping timeout; there is no reason to wait.
            Packet::Close => self.handle_close(now),
            Packet::Ping { .. } if self.revision.traits().client_pings => self.answer_ping(now),
            Packet::Ping { .. } => self.fail(DisconnectReason::TransportError, None),
            Packet::Pong { .. } | Packet::Open(_) | Packet::Upgrade | Packet::Noop => {}
        }
        None
    }

    /// Answers a ping of the client. One queued pong is enough: a body may contain half a million pings.
    fn answer_ping(&mut self, now: Instant) {
        self.heartbeat.pinged(&self.config, now);
        let pong = self.revision.pong();
        if self.outbox.iter().next_back().is_none_or(|last| last.text() != pong.text()) {
            self.outbox.push(pong);
        }
    }
}

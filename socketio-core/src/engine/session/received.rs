use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::links::LinkRole;
use super::{Session, State};
use crate::engine::{Malformed, Packet, Transmit};
use crate::{DisconnectReason, LinkId, Message};

/// A message for Socket.IO. A text is a part of the transport message that contains it.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    Text { whole: &'a ByteString, text: &'a str },
    Binary(Bytes),
}

impl Received<'_> {
    pub(super) fn into_message(self) -> Message {
        match self {
            Self::Text { whole, text } => Message::Text(whole.slice_ref(text)),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }
}

/// The handling of received packets.
impl Session {
    /// Reads a message of a stream. A Socket.IO message in it is returned at once instead of being queued among the
    /// events.
    pub(crate) fn read_message<'m>(
        &mut self,
        link: LinkId,
        message: &'m Message,
        now: Instant,
    ) -> Option<Received<'m>> {
        match self.role(link) {
            LinkRole::Stream => self.read_streaming(message, now),
            LinkRole::Candidate => {
                self.read_candidate(link, message, now);
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
    fn read_streaming<'m>(&mut self, message: &'m Message, now: Instant) -> Option<Received<'m>> {
        if let State::Streaming { whole_by, .. } = &mut self.state {
            *whole_by = None;
        }
        self.heartbeat.heard();
        let received = match message {
            Message::Text(text) => {
                self.revision.read_text(text).map(|packet| self.read_packet(text, packet, now))
            }
            Message::Binary(bytes) => self.revision.read_binary(bytes).map(Received::Binary).map(Some),
        };
        received.unwrap_or_else(|Malformed| {
            self.fail(DisconnectReason::ParseError, None);
            None
        })
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

    pub(super) fn read_packet<'p>(
        &mut self,
        whole: &'p ByteString,
        packet: Packet<'p>,
        now: Instant,
    ) -> Option<Received<'p>> {
        match packet {
            Packet::Text(text) => return Some(Received::Text { whole, text }),
            Packet::Binary(bytes) => return Some(Received::Binary(bytes)),
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

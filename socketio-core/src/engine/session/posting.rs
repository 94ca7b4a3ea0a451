use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::Session;
use super::received::Contents;
use crate::engine::{Packet, RequestError, Response, SessionEvent, Transmit};
use crate::{DisconnectReason, LinkId, Message};

/// A POST that has not been answered.
///
/// Its body is decoded a few packets at a time, when the next event is polled: a megabyte holds a hundred thousand
/// packets, which take twenty times as much memory once they are decoded.
#[derive(Debug)]
pub(super) enum Posting {
    /// The body is being received, and must be complete at `until`.
    Announced { link: LinkId, until: Instant },
    /// The body has arrived and has more packets than are decoded at a time, which is rare.
    Reading(Box<Reading>),
}

#[derive(Debug)]
pub(super) struct Reading {
    link: LinkId,
    body: ByteString,
    /// The position up to which the body is decoded.
    next: usize,
}

impl Posting {
    pub(super) fn link(&self) -> LinkId {
        match self {
            Self::Announced { link, .. } => *link,
            Self::Reading(reading) => reading.link,
        }
    }

    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Self::Announced { until, .. } => Some(*until),
            Self::Reading(_) => None,
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        matches!(self, Self::Reading(_))
    }

    pub(super) fn unread_bytes(&self) -> usize {
        match self {
            Self::Announced { .. } => 0,
            Self::Reading(reading) => reading.body.len() - reading.next,
        }
    }
}

/// The POST of a session.
impl Session {
    /// Handles the complete body of a POST. It is decoded a few packets at a time by [`poll`](Self::poll); the
    /// response follows when the last packet has been decoded.
    pub fn handle_body(&mut self, link: LinkId, body: Bytes, now: Instant) {
        if !self.awaits_body(link) {
            return;
        }
        self.posting = None;
        self.heard();
        self.handle_timeout(now);
        match ByteString::try_from(body) {
            Ok(body) => self.begin_body(link, body, now),
            // A client that does not know of the end yet gets no error here, as in `read_packets`.
            Err(_) if self.is_open() => self.reject_body(link),
            Err(_) => self.accept_body(link),
        }
    }

    /// Returns `true` if the body of this POST has not arrived.
    pub(super) fn awaits_body(&self, link: LinkId) -> bool {
        matches!(self.posting, Some(Posting::Announced { link: announced, .. }) if announced == link)
    }

    /// Decodes a body that has arrived. If the session ends meanwhile, the response to the POST is sent here and not
    /// by the end.
    pub(super) fn begin_body(&mut self, link: LinkId, body: ByteString, now: Instant) {
        self.posting = None;
        if let Some(next) = self.read_packets(link, &body, 0, now) {
            self.posting = Some(Posting::Reading(Box::new(Reading { link, body, next })));
        }
    }

    /// Decodes more of a body that has arrived, and responds to its POST after the last packet. Returns `false` if
    /// there is no such body.
    pub(crate) fn read_body(&mut self, now: Instant) -> bool {
        let Some(Posting::Reading(mut reading)) = self.posting.take_if(|posting| posting.is_reading()) else {
            return false;
        };
        if let Some(next) = self.read_packets(reading.link, &reading.body, reading.next, now) {
            reading.next = next;
            self.posting = Some(Posting::Reading(reading));
        }
        true
    }

    /// Decodes a few packets. Returns the position of the next one, unless the response has been sent.
    fn read_packets(&mut self, link: LinkId, body: &ByteString, from: usize, now: Instant) -> Option<usize> {
        let mut rest = &body[from..];
        for _ in 0..PACKETS_PER_READ {
            let (packet, behind) = self.revision.read_first(rest);
            match packet {
                Ok(packet) if self.is_open() || packet == Packet::Close => {
                    let message = match self.read_packet(packet, now) {
                        Some(Contents::Text(text)) => Some(Message::Text(body.slice_ref(text))),
                        Some(Contents::Binary(bytes)) => Some(Message::Binary(bytes)),
                        None => None,
                    };
                    self.events.extend(message.map(SessionEvent::Message));
                }
                Err(_) if self.is_open() => {
                    self.reject_body(link);
                    return None;
                }
                // A client that does not know of the end yet gets no error.
                Ok(_) | Err(_) => {}
            }
            match behind {
                Some(behind) if self.is_open() => rest = behind,
                _ => {
                    self.accept_body(link);
                    return None;
                }
            }
        }
        Some(body.len() - rest.len())
    }

    /// Rejects a body that cannot be decoded, which ends the session.
    pub(super) fn reject_body(&mut self, link: LinkId) {
        let response = Response::Rejected(RequestError::Malformed);
        self.fail(DisconnectReason::ParseError, None);
        self.transmits.push_back(Transmit::Respond { link, response });
    }

    /// Responds to the current POST, if there is one.
    pub(super) fn end_posting(&mut self) {
        if let Some(posting) = self.posting.take() {
            self.accept_body(posting.link());
        }
    }

    pub(super) fn accept_body(&mut self, link: LinkId) {
        let response = Response::Accepted { revision: self.revision };
        self.transmits.push_back(Transmit::Respond { link, response });
    }
}

/// The number of packets of a body that are decoded at a time: enough to amortize the cost of a call.
const PACKETS_PER_READ: usize = 16;

use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::Session;
use crate::engine::{Packet, RequestError, Response, SessionEvent, Transmit};
use crate::{DisconnectReason, LinkId};

/// A POST that has not been answered.
///
/// Its body is decoded a few packets at a time, when somebody asks for the next event: a megabyte holds a hundred thousand
/// packets, which take twenty times its memory once they are decoded.
#[derive(Debug)]
pub(super) enum Posting {
    /// Its body is on the way, and must be there by then.
    Announced { link: LinkId, until: Instant },
    /// Its body has arrived, and has more packets than are decoded at a time: few have.
    Reading(Box<Reading>),
}

#[derive(Debug)]
pub(super) struct Reading {
    link: LinkId,
    body: ByteString,
    /// How far it is decoded.
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
    /// The whole body of a POST has arrived. It is decoded a few packets at a time in [`poll`](Self::poll), and answered
    /// when the last has been decoded.
    pub fn handle_body(&mut self, link: LinkId, body: Bytes, now: Instant) {
        if !self.awaits_body(link) {
            return;
        }
        self.posting = None;
        self.heard();
        self.handle_timeout(now);
        match ByteString::try_from(body) {
            Ok(body) => self.begin_body(link, body, now),
            // A client that does not know of the end yet is not told by an error, here either.
            Err(_) if self.is_open() => self.refuse_body(link),
            Err(_) => self.accept_body(link),
        }
    }

    /// Whether this POST's body has not arrived.
    pub(super) fn awaits_body(&self, link: LinkId) -> bool {
        matches!(self.posting, Some(Posting::Announced { link: announced, .. }) if announced == link)
    }

    /// Decodes a body that has arrived. The session may end on the way: then its POST is answered here, not by the end.
    pub(super) fn begin_body(&mut self, link: LinkId, body: ByteString, now: Instant) {
        self.posting = None;
        if let Some(next) = self.read_packets(link, &body, 0, now) {
            self.posting = Some(Posting::Reading(Box::new(Reading { link, body, next })));
        }
    }

    /// Decodes more of a body that has arrived, and answers its POST after the last packet. Returns false if there is no such
    /// body.
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

    /// Decodes a few packets; returns where the next one begins, unless the POST has been answered.
    fn read_packets(&mut self, link: LinkId, body: &ByteString, from: usize, now: Instant) -> Option<usize> {
        let mut rest = &body[from..];
        for _ in 0..DECODED {
            let (packet, behind) = self.revision.read_first(rest);
            match packet {
                Ok(packet) if self.is_open() || packet == Packet::Close => {
                    if let Some(received) = self.read_packet(body, packet, now) {
                        self.events.push_back(SessionEvent::Message(received.into_message()));
                    }
                }
                Err(_) if self.is_open() => {
                    self.refuse_body(link);
                    return None;
                }
                // A client that does not know of the end yet is not told by an error.
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

    /// The body cannot be read; nothing that follows could be.
    pub(super) fn refuse_body(&mut self, link: LinkId) {
        let response = Response::Refused(RequestError::Malformed);
        self.fail(DisconnectReason::ParseError, None);
        self.transmits.push_back(Transmit::Respond { link, response });
    }

    /// Answers the POST that there is, if there is one.
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

/// Packets of a body that are decoded at a time: enough to share the cost of a call.
const DECODED: usize = 16;

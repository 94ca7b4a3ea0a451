use std::time::Instant;

use super::{Session, State};
use crate::engine::{RequestError, Response, Transmit};
use crate::time::after;
use crate::{DisconnectReason, LinkError, LinkId};

/// The role of a link in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkRole {
    /// The message stream that the session was opened on. Until it is attached, the session has no other link.
    Expected,
    /// The message stream that carries the packets.
    Stream,
    /// The message stream that may take over.
    Candidate,
    /// The GET that waits for packets.
    Parked,
    /// The GET whose response carries packets and has not been delivered.
    Answered,
    /// The POST whose body has not arrived.
    Post,
    /// No role any more: a finished request, or a rejected stream.
    Unrelated,
}

/// The state of the links of a session, apart from the input received over them.
impl Session {
    /// Handles bytes that do not complete anything: part of a message, a control frame, or part of a body. They count
    /// as a sign of life.
    pub fn handle_activity(&mut self, link: LinkId) {
        if let LinkRole::Stream | LinkRole::Post = self.role(link) {
            self.heard();
        }
    }

    /// Handles the delivery of the response to a GET: its last byte has been sent, so the client may send the next
    /// GET. Must be called for each [`Response::Payload`]; has no effect for other responses.
    pub fn handle_delivered(&mut self, link: LinkId, now: Instant) {
        self.handle_progress(link, 0, now);
        if self.undelivered.take_if(|undelivered| *undelivered == link).is_some() {
            self.restart_linger(now);
        }
    }

    /// Records whether the input from a stream ends inside a message or frame. A message that has begun must be
    /// completed in time: see [`Connection::handle_partial`](crate::Connection::handle_partial).
    pub fn handle_partial(&mut self, link: LinkId, partial: bool, now: Instant) {
        match &mut self.state {
            State::Streaming { link: stream, whole_by, .. } if *stream == link => match partial {
                true => _ = whole_by.get_or_insert_with(|| after(now, self.config.message_timeout())),
                false => *whole_by = None,
            },
            _ => {}
        }
    }

    /// Handles progress of the transport: it has sent bytes that were handed to it on this link, of which `left`
    /// bytes still wait, including those of control frames.
    ///
    /// Progress counts as a sign of life while a ping is queued: see
    /// [`Connection::handle_progress`](crate::Connection::handle_progress).
    #[inline]
    pub fn handle_progress(&mut self, link: LinkId, left: usize, now: Instant) {
        let is_current = match self.state {
            State::Streaming { link: stream, .. } => stream == link,
            State::Polling { .. } => self.undelivered == Some(link),
            State::Opening { .. } | State::Lingering { .. } | State::Closed => false,
        };
        if is_current {
            self.heartbeat.progressed(left, &self.config, now);
        }
    }

    /// Handles the loss of a link, or of a response that could not be delivered.
    pub fn handle_lost(&mut self, link: LinkId, why: LinkError, now: Instant) {
        // The loss first, so that the time-outs no longer affect the link.
        self.lose(link, why);
        self.handle_timeout(now);
    }

    fn lose(&mut self, link: LinkId, why: LinkError) {
        match (self.role(link), why) {
            (LinkRole::Expected, _) => self.finish(DisconnectReason::TransportError),
            (LinkRole::Stream, LinkError::Closed) => self.finish(DisconnectReason::TransportClose),
            (LinkRole::Stream, LinkError::TooLarge) => self.fail(DisconnectReason::TransportError, TOO_LARGE),
            (LinkRole::Stream, LinkError::Aborted | LinkError::Failed | LinkError::Stalled) => {
                self.finish(DisconnectReason::TransportError);
            }
            (LinkRole::Candidate, LinkError::TooLarge) => self.close_candidate(TOO_LARGE),
            (LinkRole::Candidate, _) => _ = self.take_candidate(),
            (LinkRole::Parked, _) => {
                self.take_parked();
                self.fail(DisconnectReason::TransportError, None);
            }
            (LinkRole::Answered, _) => {
                self.undelivered = None;
                self.lose_packets();
            }
            (LinkRole::Post, LinkError::TooLarge) => {
                self.posting = None;
                let response = Response::Rejected(RequestError::TooLarge);
                self.transmits.push_back(Transmit::Respond { link, response });
            }
            (LinkRole::Post, _) => {
                self.posting = None;
                self.fail(DisconnectReason::TransportError, None);
            }
            (LinkRole::Unrelated, _) => {}
        }
    }

    /// Ends a polling session because the packets of a response are lost.
    fn lose_packets(&mut self) {
        match self.state {
            State::Polling { .. } => self.fail(DisconnectReason::TransportError, None),
            State::Lingering { .. } => self.end_linger(),
            State::Opening { .. } | State::Streaming { .. } | State::Closed => {}
        }
    }

    /// Returns the role of a link.
    #[inline]
    pub(super) fn role(&self, link: LinkId) -> LinkRole {
        match &self.state {
            State::Streaming { link: stream, .. } if *stream == link => LinkRole::Stream,
            State::Opening { .. } => LinkRole::Expected,
            State::Polling { candidate: Some(candidate), .. } if candidate.link == link => {
                LinkRole::Candidate
            }
            State::Polling { parked: Some(parked), .. } if *parked == link => LinkRole::Parked,
            _ if self.undelivered == Some(link) => LinkRole::Answered,
            _ if self.awaits_body(link) => LinkRole::Post,
            _ => LinkRole::Unrelated,
        }
    }
}

/// RFC 6455 §7.4.1: 1009 indicates a message that is too big to process.
const TOO_LARGE: Option<u16> = Some(1009);

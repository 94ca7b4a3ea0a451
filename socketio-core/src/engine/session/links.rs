use std::time::Instant;

use super::{Session, State};
use crate::engine::{RequestError, Response, Transmit};
use crate::time::after;
use crate::{DisconnectReason, LinkError, LinkId};

/// What a link is to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkRole {
    /// The message stream that the session was opened for. It has no other link before that is attached.
    Expected,
    /// The message stream that packets go to.
    Stream,
    /// The message stream that may take over.
    Candidate,
    /// The GET that waits for packets.
    Parked,
    /// The GET whose answer has packets and is not delivered.
    Answered,
    /// The POST whose body has not arrived.
    Post,
    /// None of them any more: a request that has done its work, or a stream that was refused.
    Stranger,
}

/// What happens to the links of a session, apart from what it receives over them.
impl Session {
    /// Bytes came on a link that are nothing whole: part of a message, a control frame, or part of a body.
    pub fn handle_activity(&mut self, link: LinkId) {
        if let LinkRole::Stream | LinkRole::Post = self.role(link) {
            self.heard();
        }
    }

    /// The last byte of a GET's answer is on its way: the client may send the next one. Answers that are a
    /// [`Response::Payload`] are told so; of others nothing hangs on it.
    pub fn handle_delivered(&mut self, link: LinkId, now: Instant) {
        self.handle_progress(link, 0, now);
        if self.undelivered.take_if(|undelivered| *undelivered == link).is_some() {
            self.linger_on(now);
        }
    }

    /// What has come over a stream by now ends within a message or a frame, or not. One that has begun must become whole
    /// in time: see [`Connection::handle_partial`](crate::Connection::handle_partial).
    pub fn handle_partial(&mut self, link: LinkId, partial: bool, now: Instant) {
        match &mut self.state {
            State::Streaming { link: stream, whole_by, .. } if *stream == link => match partial {
                true => _ = whole_by.get_or_insert_with(|| after(now, self.config.message_timeout())),
                false => *whole_by = None,
            },
            _ => {}
        }
    }

    /// The transport has taken bytes of what was handed to it on this link, and `left` bytes of that wait still, those of
    /// control frames included.
    ///
    /// While a ping waits behind them, it is a sign of life: see [`Connection::handle_progress`](crate::Connection::handle_progress).
    #[inline]
    pub fn handle_progress(&mut self, link: LinkId, left: usize, now: Instant) {
        let ours = match self.state {
            State::Streaming { link: stream, .. } => stream == link,
            State::Polling { .. } => self.undelivered == Some(link),
            State::Opening { .. } | State::Lingering { .. } | State::Closed => false,
        };
        if ours {
            self.heartbeat.progressed(left, &self.config, now);
        }
    }

    /// A link is gone, or its answer could not be delivered.
    pub fn handle_lost(&mut self, link: LinkId, why: LinkError, now: Instant) {
        // The loss first: what time does after it must not concern the link any more.
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
                let response = Response::Refused(RequestError::TooLarge);
                self.transmits.push_back(Transmit::Respond { link, response });
            }
            (LinkRole::Post, _) => {
                self.posting = None;
                self.fail(DisconnectReason::TransportError, None);
            }
            (LinkRole::Stranger, _) => {}
        }
    }

    /// Ends a session that polls, since the packets of an answer are lost.
    fn lose_packets(&mut self) {
        match self.state {
            State::Polling { .. } => self.fail(DisconnectReason::TransportError, None),
            State::Lingering { .. } => self.end_linger(),
            State::Opening { .. } | State::Streaming { .. } | State::Closed => {}
        }
    }

    /// Returns what a link is to the session.
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
            _ => LinkRole::Stranger,
        }
    }
}

/// RFC 6455 §7.4.1: 1009 is for a message that is too big to process.
const TOO_LARGE: Option<u16> = Some(1009);

use std::time::Instant;

use super::{Session, State};
use crate::engine::payload::Payload;
use crate::engine::{Event, RequestError, Response, Transmit};
use crate::time::after;
use crate::{DisconnectReason, Link};

/// How a session ends, and how it lets go of its links.
impl Session {
    /// Closes the session after what was sent to it. A client that polls and has no GET parked fetches the
    /// rest with its next one, for at most [`Config::linger`](crate::Config::linger).
    pub fn close(&mut self, reason: DisconnectReason, now: Instant) {
        match &mut self.state {
            State::Polling { parked, .. } => {
                let parked = parked.take();
                self.end_posting();
                self.release_links();
                // No longer than one that answers no ping.
                let linger = self.config.linger.min(self.config.ping_timeout);
                self.state = State::Lingering { until: after(now, linger) };
                self.events.push_back(Event::Closed(reason));
                if let Some(link) = parked {
                    self.respond_last(link);
                }
            }
            State::Streaming { link } => {
                let link = *link;
                while let Some(packet) = self.outbox.pop() {
                    self.transmits.push_back(self.message(link, packet));
                }
                self.fail(reason, None);
            }
            State::Opening => self.finish(reason),
            State::Lingering { .. } | State::Closed => {}
        }
    }

    /// Does not wait for a client that has nothing to fetch but the end.
    pub(crate) fn forget(&mut self) {
        if matches!(self.state, State::Lingering { .. }) && self.outbox.is_empty() {
            self.end_linger();
        }
    }

    /// The candidate goes; the session stays where it is.
    pub(super) fn abandon(&mut self) {
        if let State::Polling { candidate, .. } = &mut self.state
            && let Some(candidate) = candidate.take()
        {
            self.transmits.push_back(Transmit::Close { link: candidate.link, code: None });
        }
    }

    /// Ends the session at once: what waits is dropped, every link is let go.
    pub(super) fn fail(&mut self, reason: DisconnectReason, code: Option<u16>) {
        if let State::Streaming { link } = self.state {
            self.transmits.push_back(Transmit::Close { link, code });
        }
        self.finish(reason);
    }

    /// Like [`fail`](Self::fail), for a session whose stream is gone already.
    pub(super) fn finish(&mut self, reason: DisconnectReason) {
        if !self.is_open() {
            return;
        }
        self.release_links();
        self.state = State::Closed;
        self.outbox.clear();
        self.events.push_back(Event::Closed(reason));
    }

    /// Lets go of what a polling session holds besides its stream.
    pub(super) fn release_links(&mut self) {
        if let Some(posting) = self.posting.take() {
            let response = Response::Refused(RequestError::UnknownSession);
            self.transmits.push_back(Transmit::Respond { link: posting.link(), response });
        }
        self.abandon();
        if let State::Polling { parked, .. } = &mut self.state
            && let Some(link) = parked.take()
        {
            self.transmits.push_back(respond(link, "1"));
        }
    }

    /// Answers with what is left, or with the end when nothing is. Not with both: the stock client hands
    /// packets on in its next tick but closes at once, and would not know why.
    pub(super) fn respond_last(&mut self, link: Link) {
        self.answered = Some(link);
        if self.outbox.is_empty() {
            self.transmits.push_back(respond(link, "1"));
            self.end_linger();
        } else {
            let mut payload = Payload::default();
            payload.fill(&mut self.outbox);
            let response = Response::Payload(payload.into_body());
            self.transmits.push_back(Transmit::Respond { link, response });
        }
    }

    /// The client has come for its last packets, or will not come.
    pub(super) fn end_linger(&mut self) {
        self.state = State::Closed;
        self.outbox.clear();
        self.end_posting();
    }
}

/// The answer to a GET that gets one packet of the Engine.IO layer.
pub(super) fn respond(link: Link, control: &str) -> Transmit {
    Transmit::Respond { link, response: Response::Payload(control.as_bytes().to_vec()) }
}

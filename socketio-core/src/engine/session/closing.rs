use std::time::{Duration, Instant};

use super::{Session, State};
use crate::engine::payload::take_payload;
use crate::engine::upgrade::Candidate;
use crate::engine::{Control, RequestError, Response, SessionEvent, Transmit};
use crate::time::after;
use crate::{DisconnectReason, LinkId, Revision};

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
                self.state = State::Lingering { until: self.linger(now), end: Control::Close };
                self.events.push_back(SessionEvent::Closed(reason));
                if let Some(link) = parked {
                    self.respond_last(link);
                }
            }
            State::Streaming { link, .. } => {
                let link = *link;
                while let Some(packet) = self.outbox.pop() {
                    let message = self.message(link, packet);
                    self.transmits.push_back(message);
                }
                self.fail(reason, None);
            }
            State::Opening { .. } => self.finish(reason),
            State::Lingering { .. } | State::Closed => {}
        }
    }

    /// The client has said goodbye. One that polls may have a GET under way on another connection, which is answered, too.
    pub(super) fn take_leave(&mut self, now: Instant) {
        match &mut self.state {
            State::Polling { parked, .. } => match parked.take() {
                Some(link) => {
                    self.transmits.push_back(respond(link, Control::Noop, self.revision));
                    self.finish(DisconnectReason::TransportClose);
                }
                None => {
                    self.release_links();
                    self.outbox.clear();
                    self.state = State::Lingering { until: after(now, LAST_GET), end: Control::Noop };
                    self.events.push_back(SessionEvent::Closed(DisconnectReason::TransportClose));
                }
            },
            State::Lingering { .. } => self.end_linger(),
            State::Opening { .. } | State::Streaming { .. } | State::Closed => {
                self.fail(DisconnectReason::TransportClose, None);
            }
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
        self.close_candidate(None);
    }

    /// Like [`abandon`](Self::abandon), with a status code for the close frame.
    pub(super) fn close_candidate(&mut self, code: Option<u16>) {
        if let Some(Candidate { link, .. }) = self.take_candidate() {
            self.transmits.push_back(Transmit::Close { link, code });
        }
    }

    pub(super) fn take_candidate(&mut self) -> Option<Candidate> {
        match &mut self.state {
            State::Polling { candidate, .. } => candidate.take().map(|candidate| *candidate),
            _ => None,
        }
    }

    pub(super) fn take_parked(&mut self) -> Option<LinkId> {
        match &mut self.state {
            State::Polling { parked, .. } => parked.take(),
            _ => None,
        }
    }

    /// Ends the session at once: what waits is dropped, every link is let go.
    pub(super) fn fail(&mut self, reason: DisconnectReason, code: Option<u16>) {
        if let State::Streaming { link, .. } = self.state {
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
        self.events.push_back(SessionEvent::Closed(reason));
    }

    /// Lets go of what a polling session holds besides its stream.
    pub(super) fn release_links(&mut self) {
        if let Some(posting) = self.posting.take() {
            let response = Response::Refused(RequestError::UnknownSession);
            self.transmits.push_back(Transmit::Respond { link: posting.link(), response });
        }
        self.abandon();
        if let Some(link) = self.take_parked() {
            self.transmits.push_back(respond(link, Control::Close, self.revision));
        }
    }

    /// Answers with what is left, or with the end when nothing is. Not with both: the stock client hands
    /// packets on in its next tick but closes at once, and would not know why.
    pub(super) fn respond_last(&mut self, link: LinkId) {
        if self.outbox.is_empty() {
            let end = if let State::Lingering { end, .. } = self.state { end } else { Control::Close };
            self.transmits.push_back(respond(link, end, self.revision));
            self.end_linger();
        } else {
            let packets = self.respond_packets(link);
            self.transmits.push_back(packets);
        }
    }

    /// Answers with what fits of the packets that wait.
    pub(super) fn respond_packets(&mut self, link: LinkId) -> Transmit {
        self.undelivered = Some(link);
        let body = take_payload(&mut self.outbox, self.revision);
        if self.heartbeat.awaits_transport()
            && !self.outbox.iter().any(|packet| self.revision.is_ping(packet))
        {
            self.heartbeat.handed();
        }
        Transmit::Respond { link, response: Response::Payload(body) }
    }

    /// Until when a client is waited for: no longer than one that answers no ping.
    fn linger(&self, now: Instant) -> Instant {
        after(now, self.config.linger.min(self.config.ping_timeout))
    }

    /// A client that has just read an answer is waited for as long as any other.
    pub(super) fn linger_on(&mut self, now: Instant) {
        if let State::Lingering { end: Control::Close, .. } = self.state {
            self.state = State::Lingering { until: self.linger(now), end: Control::Close };
        }
    }

    /// The client is not waited for any longer, unless it is still reading.
    pub(super) fn linger_out(&mut self, now: Instant) {
        match self.state {
            State::Lingering { end: Control::Close, .. } if self.undelivered.is_some() => self.linger_on(now),
            _ => self.end_linger(),
        }
    }

    /// The client has come for its last packets, or will not come.
    pub(super) fn end_linger(&mut self) {
        self.state = State::Closed;
        self.outbox.clear();
        self.end_posting();
    }
}

/// How long the GET may be under way of a client that has said goodbye by a POST: both leave at the same time, on two
/// connections, one of which may have to be made first.
const LAST_GET: Duration = Duration::from_millis(250);

/// The answer to a GET that gets one packet of the Engine.IO layer.
pub(super) fn respond(link: LinkId, control: Control, revision: Revision) -> Transmit {
    Transmit::Respond { link, response: Response::Control { control, revision } }
}

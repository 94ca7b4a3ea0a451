use std::time::{Duration, Instant};

use super::{Session, State};
use crate::engine::payload::take_payload;
use crate::engine::upgrade::Candidate;
use crate::engine::{Control, RequestError, Response, SessionEvent, Transmit};
use crate::time::after;
use crate::{DisconnectReason, LinkId, Revision};

/// The end of a session and the release of its links.
impl Session {
    /// Closes the session after the packets that were sent before. A polling client without a parked GET fetches the
    /// rest with its next GET, for which the session waits at most [`Config::linger`](crate::Config::linger).
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

    /// Handles the close packet of the client. A polling client may have sent a GET on another connection, which gets
    /// a response too.
    pub(super) fn handle_close(&mut self, now: Instant) {
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

    /// Stops waiting for a client that has no packets to fetch except the end.
    pub(crate) fn forget(&mut self) {
        if matches!(self.state, State::Lingering { .. }) && self.outbox.is_empty() {
            self.end_linger();
        }
    }

    /// Closes the candidate. The session stays on its transport.
    pub(super) fn drop_candidate(&mut self) {
        self.close_candidate(None);
    }

    /// Closes the candidate like [`drop_candidate`](Self::drop_candidate), with a status code for the close frame.
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

    /// Ends the session at once: queued packets are dropped and every link is released.
    pub(super) fn fail(&mut self, reason: DisconnectReason, code: Option<u16>) {
        if let State::Streaming { link, .. } = self.state {
            self.transmits.push_back(Transmit::Close { link, code });
        }
        self.finish(reason);
    }

    /// Ends the session like [`fail`](Self::fail), for a session whose stream is already gone.
    pub(super) fn finish(&mut self, reason: DisconnectReason) {
        if !self.is_open() {
            return;
        }
        self.release_links();
        self.state = State::Closed;
        self.outbox.clear();
        self.events.push_back(SessionEvent::Closed(reason));
    }

    /// Releases the links of a polling session.
    pub(super) fn release_links(&mut self) {
        if let Some(posting) = self.posting.take() {
            let response = Response::Rejected(RequestError::UnknownSession);
            self.transmits.push_back(Transmit::Respond { link: posting.link(), response });
        }
        self.drop_candidate();
        if let Some(link) = self.take_parked() {
            self.transmits.push_back(respond(link, Control::Close, self.revision));
        }
    }

    /// Responds with the remaining packets, or with the end if there are none. It never sends both: the stock client
    /// processes packets in its next tick but closes at once, and would miss the disconnect reason.
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

    /// Responds with as many of the queued packets as fit.
    pub(super) fn respond_packets(&mut self, link: LinkId) -> Transmit {
        self.undelivered = Some(link);
        let body = take_payload(&mut self.outbox, self.revision);
        self.outbox.shrink(self.kept_capacity());
        if self.heartbeat.awaits_transport()
            && !self.outbox.iter().any(|packet| self.revision.is_ping(packet))
        {
            self.heartbeat.handed();
        }
        Transmit::Respond { link, response: Response::Payload(body) }
    }

    /// Returns the time until which the session waits for the client: at most as long as for the answer to a ping.
    fn linger(&self, now: Instant) -> Instant {
        after(now, self.config.linger.min(self.config.ping_timeout))
    }

    /// Restarts the waiting time of a client that has just received a response.
    pub(super) fn restart_linger(&mut self, now: Instant) {
        if let State::Lingering { end: Control::Close, .. } = self.state {
            self.state = State::Lingering { until: self.linger(now), end: Control::Close };
        }
    }

    /// Stops waiting for the client, unless it is still receiving a response.
    pub(super) fn handle_linger_timeout(&mut self, now: Instant) {
        match self.state {
            State::Lingering { end: Control::Close, .. } if self.undelivered.is_some() => {
                self.restart_linger(now);
            }
            _ => self.end_linger(),
        }
    }

    /// Ends a lingering session: the client has fetched its last packets, or will not.
    pub(super) fn end_linger(&mut self) {
        self.state = State::Closed;
        self.outbox.clear();
        self.end_posting();
    }
}

/// The time for which a GET may still be on its way after the client has sent its close packet by a POST. Both are
/// sent at the same time on two connections, one of which may have to be established first.
const LAST_GET: Duration = Duration::from_millis(250);

/// Responds to a GET with one packet of the Engine.IO layer.
pub(super) fn respond(link: LinkId, control: Control, revision: Revision) -> Transmit {
    Transmit::Respond { link, response: Response::Control { control, revision } }
}

use std::time::Instant;

use super::{Session, State};
use crate::engine::{RequestError, Response, Transmit};
use crate::time::after;
use crate::{DisconnectReason, Link, Lost};

/// What happens to the links of a session, apart from what it receives over them.
impl Session {
    /// Bytes came on a link that are nothing whole: part of a message, a control frame, or part of a body.
    pub fn handle_activity(&mut self, link: Link) {
        if self.awaits_body(link)
            || matches!(self.state, State::Streaming { link: stream, .. } if stream == link)
        {
            self.heard();
        }
    }

    /// The last byte of a GET's answer is on its way: the client may send the next one. Answers that are a
    /// [`Response::Payload`] are told so; of others nothing hangs on it.
    pub fn handle_delivered(&mut self, link: Link, now: Instant) {
        self.handle_progress(link, 0, now);
        if self.undelivered.take_if(|undelivered| *undelivered == link).is_some() {
            self.linger_on(now);
        }
    }

    /// What has come over a stream by now ends within a message or a frame, or not. One that has begun must become whole
    /// in time: see [`Connection::handle_partial`](crate::Connection::handle_partial).
    pub fn handle_partial(&mut self, link: Link, partial: bool, now: Instant) {
        match &mut self.state {
            State::Streaming { link: stream, whole_by } if *stream == link => match partial {
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
    pub fn handle_progress(&mut self, link: Link, left: usize, now: Instant) {
        let ours = match self.state {
            State::Streaming { link: stream, .. } => stream == link,
            State::Polling { .. } => self.undelivered == Some(link),
            State::Opening | State::Lingering { .. } | State::Closed => false,
        };
        if ours {
            self.heartbeat.progressed(left, &self.config, now);
        }
    }

    /// A link is gone, or its answer could not be delivered.
    pub fn handle_lost(&mut self, link: Link, why: Lost, now: Instant) {
        // The loss first: what time does after it must not concern the link any more.
        self.lose(link, why);
        self.handle_timeout(now);
    }

    fn lose(&mut self, link: Link, why: Lost) {
        if self.awaits_body(link) {
            self.posting = None;
            if why == Lost::TooLarge {
                let response = Response::Refused(RequestError::TooLarge);
                self.transmits.push_back(Transmit::Respond { link, response });
            } else {
                self.fail(DisconnectReason::TransportError, None);
            }
            return;
        }
        let undelivered = self.undelivered.take_if(|undelivered| *undelivered == link).is_some();
        match &mut self.state {
            State::Streaming { link: stream, .. } if *stream == link => match why {
                Lost::Closed => self.finish(DisconnectReason::TransportClose),
                // RFC 6455 §7.4.1: 1009 is for a message that is too big to process.
                Lost::TooLarge => self.fail(DisconnectReason::TransportError, Some(1009)),
                Lost::Aborted | Lost::Failed | Lost::Stalled => self.finish(DisconnectReason::TransportError),
            },
            State::Opening => self.finish(DisconnectReason::TransportError),
            State::Polling { candidate, .. } if candidate.as_ref().is_some_and(|c| c.link == link) => {
                *candidate = None;
                if why == Lost::TooLarge {
                    self.transmits.push_back(Transmit::Close { link, code: Some(1009) });
                }
            }
            // Parked, or answered with packets that are lost. Other requests have done their work, and streams that were
            // refused never mattered.
            State::Polling { parked, .. } if *parked == Some(link) || undelivered => {
                parked.take_if(|parked| *parked == link);
                self.fail(DisconnectReason::TransportError, None);
            }
            State::Lingering { .. } if undelivered => self.end_linger(),
            State::Polling { .. } | State::Streaming { .. } | State::Lingering { .. } | State::Closed => {}
        }
    }
}

use std::time::Instant;

use super::{Posting, Session, State};
use crate::engine::upgrade::Candidate;
use crate::engine::{BadRequest, Poll, Post, Request, RequestError, Transmit, Upgrade};
use crate::time::after;
use crate::{DisconnectReason, LinkId, Revision};

/// The requests of a session.
impl Session {
    /// Handles the arrival of a request of this session, or the establishment of the stream that it requested: a
    /// [GET](Self::handle_poll), the head of a [POST](Self::handle_post), the [first message
    /// stream](Self::handle_attach) or one to [upgrade to](Self::handle_upgrade). The request that opened the session
    /// counts as one of its requests.
    ///
    /// # Errors
    ///
    /// Returns the error with which the driver must respond if the request is rejected. The session does not keep the
    /// link. Message streams are never rejected with an error; unwanted ones are closed.
    pub fn handle_request(
        &mut self,
        link: LinkId,
        request: &Request,
        now: Instant,
    ) -> Result<(), RequestError> {
        match request {
            Request::Open(open) if !open.transport.is_stream() => return self.take_poll(link, now),
            Request::Poll(poll) => return self.handle_poll(link, poll, now),
            Request::Post(post) => return self.handle_post(link, post, now),
            Request::Open(_) => self.handle_attach(link, now),
            Request::Upgrade(upgrade) => self.handle_upgrade(link, upgrade, now),
        }
        Ok(())
    }

    /// Handles the arrival of a GET, which waits for packets. A client may have one at a time, from its arrival until
    /// its response has been [delivered](Self::handle_delivered).
    ///
    /// # Errors
    ///
    /// Returns the error with which the driver must respond if the request is rejected: the session has ended, or has
    /// another transport or revision, or another GET is in progress. The last case also closes the session. The
    /// session does not keep the link.
    pub fn handle_poll(&mut self, link: LinkId, poll: &Poll, now: Instant) -> Result<(), RequestError> {
        self.check_revision(poll.revision)?;
        self.take_poll(link, now)
    }

    fn take_poll(&mut self, link: LinkId, now: Instant) -> Result<(), RequestError> {
        if std::mem::replace(&mut self.polled, true) {
            self.record_return();
        }
        self.handle_timeout(now);
        match &mut self.state {
            State::Polling { parked: parked @ None, candidate, .. } if self.undelivered.is_none() => {
                // Not a sign of life: a client that polls but answers no ping is not working.
                *parked = Some(link);
                if let Some(candidate) = candidate {
                    candidate.park(now, self.answering);
                }
                Ok(())
            }
            State::Polling { .. } => {
                self.fail(DisconnectReason::TransportError, None);
                Err(RequestError::Overlap)
            }
            State::Lingering { .. } if self.undelivered.is_none() => {
                self.respond_last(link);
                Ok(())
            }
            State::Lingering { .. } => {
                self.end_linger();
                Err(RequestError::Overlap)
            }
            State::Opening { .. } | State::Streaming { .. } => Err(BadRequest::TransportMismatch.into()),
            State::Closed => Err(RequestError::UnknownSession),
        }
    }

    /// Handles the arrival of a POST. Its body follows with [`handle_body`](Self::handle_body).
    ///
    /// # Errors
    ///
    /// Returns the error with which the driver must respond if the request is rejected: the session has ended, or has
    /// another transport or revision, or another POST is in progress, or its content type is invalid. The last two
    /// cases also close the session. The session does not keep the link.
    pub fn handle_post(&mut self, link: LinkId, post: &Post, now: Instant) -> Result<(), RequestError> {
        self.check_revision(post.revision)?;
        self.heard();
        self.record_return();
        self.handle_timeout(now);
        match self.state {
            // A client that does not know of the end yet gets no error: it would not fetch the packets that
            // announce the end.
            State::Polling { .. } | State::Lingering { .. } => {}
            State::Opening { .. } | State::Streaming { .. } => {
                return Err(BadRequest::TransportMismatch.into());
            }
            State::Closed => return Err(RequestError::UnknownSession),
        }
        let error = match self.posting {
            Some(_) => RequestError::Overlap,
            None if post.binary && !self.revision.traits().binary => RequestError::InvalidContent,
            None => {
                let until = after(now, self.config.message_timeout());
                self.posting = Some(Posting::Announced { link, until });
                return Ok(());
            }
        };
        self.fail(DisconnectReason::TransportError, None);
        Err(error)
    }

    /// Handles the establishment of the message stream that this session was opened on.
    pub fn handle_attach(&mut self, link: LinkId, now: Instant) {
        self.handle_timeout(now);
        match self.state {
            State::Opening { transport } => self.state = State::Streaming { link, transport, whole_by: None },
            _ => self.transmits.push_back(Transmit::Close { link, code: None }),
        }
    }

    /// Handles the establishment of a message stream that is to take over the session. The stream is closed if the
    /// session has ended, already has a stream, is already trying another, or does not allow upgrades, or if the
    /// revisions differ.
    pub fn handle_upgrade(&mut self, link: LinkId, upgrade: &Upgrade, now: Instant) {
        if self.check_revision(upgrade.revision).is_err() {
            return self.transmits.push_back(Transmit::Close { link, code: None });
        }
        self.record_return();
        self.handle_timeout(now);
        match &mut self.state {
            State::Polling { candidate: candidate @ None, .. } if self.config.allow_upgrades => {
                *candidate = Some(Box::new(Candidate::new(link, upgrade, &self.config, now)));
            }
            _ => self.transmits.push_back(Transmit::Close { link, code: None }),
        }
    }

    /// Rejects a request that names a different revision than that of the session. Many clients name it only in the
    /// first request.
    fn check_revision(&self, named: Option<Revision>) -> Result<(), RequestError> {
        match named {
            Some(revision) if revision != self.revision => Err(BadRequest::RevisionMismatch.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Head, Response};
    use crate::{Config, Sid};

    #[test]
    fn each_request_goes_where_it_belongs() {
        let (config, sid, now) = (Arc::<Config>::default(), Sid::from_entropy([7; 15]), Instant::now());
        let parse = |method, query: &str, websocket| {
            let query = format!("EIO=4&transport={query}");
            let head = Head::new(method, "/", &query).with_websocket(websocket);
            Request::parse(&head, &config).unwrap()
        };
        let own = |transport| format!("{transport}&sid={}", sid.expose());
        let [get, post] = ["GET", "POST"].map(|method| parse(method, &own("polling"), false));
        let [opening, upgrade] =
            ["websocket".to_owned(), own("websocket")].map(|query| parse("GET", &query, true));
        assert_eq!((opening.sid(), upgrade.sid()), (None, Some(&sid)));

        let Request::Open(open) = parse("GET", "polling", false) else { panic!("it opens a session") };
        let mut session = Session::open(Arc::clone(&config), &sid, &open, now);
        let [first, second, third, fourth] = [1, 2, 3, 4].map(LinkId::new);
        assert_eq!(session.handle_request(first, &Request::Open(open), now), Ok(()));
        let greeting = session.poll_transmit();
        assert!(
            matches!(greeting, Some(Transmit::Respond { link, response: Response::Payload(_) }) if link == first)
        );
        session.handle_delivered(first, now);
        assert_eq!(session.handle_request(second, &get, now), Ok(()));
        assert!(session.is_writable());
        assert_eq!(session.handle_request(third, &post, now), Ok(()));
        assert_eq!(session.handle_request(fourth, &upgrade, now), Ok(()));
        session.handle_message(fourth, crate::Message::Text("2probe".into()), now);
        assert!(matches!(session.poll_transmit(), Some(Transmit::Message { link, .. }) if link == fourth));
        session.handle_message(fourth, crate::Message::Text("5".into()), now);
        while session.poll(now).is_some() || session.poll_transmit().is_some() {}
        assert!(!session.is_polling());
        assert_eq!(session.transmits.capacity(), 0, "a session on a stream keeps no empty list");

        let Request::Open(open) = &opening else { panic!("it opens a session") };
        let mut session = Session::open(Arc::clone(&config), &sid, open, now);
        assert_eq!(session.handle_request(first, &get, now), Err(BadRequest::TransportMismatch.into()));
        assert_eq!(session.handle_request(second, &opening, now), Ok(()));
        assert!(matches!(session.poll_transmit(), Some(Transmit::Message { link, .. }) if link == second));
    }
}

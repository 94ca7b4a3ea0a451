use std::sync::Arc;

use bytes::Bytes;
use socketio_core::{LinkError, LinkId};

use crate::clock::now;
use crate::session::{Command, Session};

/// A guard for a request of a session, from its arrival until its response is delivered. If it is dropped earlier, the
/// session is notified that the link is lost.
#[derive(Debug)]
pub(super) struct LinkGuard {
    /// `None` once the response is delivered.
    session: Option<Arc<Session>>,
    link: LinkId,
    /// The number of body bytes that the session counts as received.
    received: usize,
}

impl LinkGuard {
    pub(super) fn new(session: Arc<Session>, link: LinkId) -> Self {
        Self { session: Some(session), link, received: 0 }
    }

    /// Moves the guard out, so that dropping `self` has no effect.
    pub(super) fn take(&mut self) -> Self {
        Self { session: self.session.take(), link: self.link, received: std::mem::take(&mut self.received) }
    }

    /// Ends the request, after the HTTP server has taken the whole response.
    pub(super) fn finish(mut self) {
        self.release();
        self.session = None;
    }

    /// Returns the next piece of the response, or `None` if the session has dropped it.
    pub(super) fn take_piece(&self) -> Option<Bytes> {
        self.session.as_ref()?.mailbox.take_piece(self.link, now())
    }

    /// Counts the body of the request, of which `received` bytes have arrived in total.
    pub(super) fn count_body(&mut self, received: usize) {
        if let Some(session) = &self.session
            && received > self.received
        {
            session.receive_body(received - self.received);
            self.received = received;
        }
    }

    /// Passes the body of the request, or the error that prevented it, to the session.
    pub(super) fn end_body(&mut self, body: Result<Bytes, LinkError>) {
        self.release();
        match (&self.session, body) {
            (Some(session), Ok(body)) => session.mailbox.push_body(self.link, body),
            (Some(_), Err(why)) => self.lose(why),
            (None, _) => {}
        }
    }

    fn release(&mut self) {
        if let Some(session) = &self.session
            && self.received > 0
        {
            session.release_body(std::mem::take(&mut self.received));
        }
    }

    fn lose(&self, why: LinkError) {
        if let Some(session) = &self.session {
            // The push fails if the session has ended, which needs no report.
            session.mailbox.push(Command::LinkLost { link: self.link, why }).ok();
        }
    }
}

impl Drop for LinkGuard {
    fn drop(&mut self) {
        self.release();
        self.lose(LinkError::Aborted);
    }
}

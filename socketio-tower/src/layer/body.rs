use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use socketio_core::{Link, Lost};

use crate::clock::now;
use crate::session::{Command, Session};

pin_project! {
    /// The body of a response: the inner service's, or one of ours.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Inner<B>,
    }
}

pin_project! {
    #[project = InnerProj]
    enum Inner<B> {
        Service { #[pin] body: B },
        Ours { bytes: Bytes },
        // Packets, so many bytes of which have not been taken.
        Packets { left: usize, delivery: Option<Delivery> },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn inner(body: B) -> Self {
        Self { inner: Inner::Service { body } }
    }

    pub(super) fn ours(bytes: Bytes) -> Self {
        Self { inner: Inner::Ours { bytes } }
    }

    /// The packets that a session holds as its answer, of so many bytes.
    pub(super) fn packets(length: usize, delivery: Delivery) -> Self {
        Self { inner: Inner::Packets { left: length, delivery: Some(delivery) } }
    }
}

/// Nothing: what a layer around this one answers with if it does not ask the layer, such as CORS to a preflight request.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::ours(Bytes::new())
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.project().inner.project() {
            InnerProj::Service { body } => body.poll_frame(cx),
            InnerProj::Ours { bytes } => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            InnerProj::Packets { left, delivery } => {
                // Dropped by a session that has waited for too long, they end too early: the HTTP server closes the stream.
                let piece = delivery.as_ref().and_then(Delivery::take_piece);
                *left -= piece.as_ref().map_or(*left, Bytes::len);
                if *left == 0
                    && let Some(delivery) = delivery.take()
                {
                    delivery.done();
                }
                Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Service { body } => body.is_end_stream(),
            Inner::Ours { bytes } => bytes.is_empty(),
            Inner::Packets { left, .. } => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Service { body } => body.size_hint(),
            Inner::Ours { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Inner::Packets { left, .. } => SizeHint::with_exact(*left as u64),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

/// A request of a session on its way to its answer's delivery. Dropped on the way, it tells the session
/// that the link is lost.
#[derive(Debug)]
pub(super) struct Delivery {
    session: Option<Arc<Session>>,
    link: Link,
    /// The bytes of the request's body that the session knows to be under way.
    received: usize,
}

impl Delivery {
    pub(super) fn new(session: Arc<Session>, link: Link) -> Self {
        Self { session: Some(session), link, received: 0 }
    }

    /// The HTTP server has taken the answer.
    pub(super) fn done(mut self) {
        self.release();
        self.session = None;
    }

    /// The next piece of the answer; none if the session has dropped it.
    fn take_piece(&self) -> Option<Bytes> {
        self.session.as_ref()?.mailbox.take_piece(self.link, now())
    }

    /// So many bytes of the request's body have come in all, and it is not whole.
    pub(super) fn receive(&mut self, received: usize) {
        if let Some(session) = &self.session
            && received > self.received
        {
            session.receive_body(received - self.received);
            self.received = received;
        }
    }

    /// Hands the session the body of the request.
    pub(super) fn deliver(&mut self, body: Bytes) {
        self.release();
        if let Some(session) = &self.session {
            session.mailbox.push_body(self.link, body);
        }
    }

    /// Tells the session that the body of the request will not be whole.
    pub(super) fn fail(&mut self, why: Lost) {
        self.release();
        self.tell(|link| Command::Lost { link, why });
    }

    fn release(&mut self) {
        if let Some(session) = &self.session
            && self.received > 0
        {
            session.release_body(std::mem::take(&mut self.received));
        }
    }

    /// Tells the session something of the request; nothing if the session is over.
    fn tell(&self, command: impl FnOnce(Link) -> Command) {
        if let Some(session) = &self.session {
            session.mailbox.push(command(self.link)).ok();
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.release();
        self.tell(|link| Command::Lost { link, why: Lost::Aborted });
    }
}

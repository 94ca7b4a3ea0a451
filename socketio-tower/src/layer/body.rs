use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use socketio_core::{Link, Lost};

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
        Inner { #[pin] body: B },
        Ours { bytes: Bytes, delivery: Option<Delivery> },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn inner(body: B) -> Self {
        Self { inner: Inner::Inner { body } }
    }

    /// With a `delivery`, the session is told if the body is lost.
    pub(super) fn ours(bytes: Bytes, delivery: Option<Delivery>) -> Self {
        Self { inner: Inner::Ours { bytes, delivery } }
    }
}

/// Nothing: what a layer around this one answers with if it does not ask the layer, such as CORS to a preflight request.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::ours(Bytes::new(), None)
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
            InnerProj::Inner { body } => body.poll_frame(cx),
            InnerProj::Ours { bytes, delivery } => {
                if let Some(delivery) = delivery.take() {
                    delivery.done();
                }
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Inner { body } => body.is_end_stream(),
            Inner::Ours { bytes, .. } => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Inner { body } => body.size_hint(),
            Inner::Ours { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
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
}

impl Delivery {
    pub(super) fn new(session: Arc<Session>, link: Link) -> Self {
        Self { session: Some(session), link }
    }

    /// The HTTP server has taken the answer.
    pub(super) fn done(mut self) {
        self.session = None;
    }

    /// Hands the session the body of the request.
    pub(super) fn deliver(&self, body: Bytes) {
        if let Some(session) = &self.session {
            session.mailbox.push_body(self.link, body);
        }
    }

    /// Tells the session something of the request; nothing if the session is over.
    pub(super) fn tell(&self, command: impl FnOnce(Link) -> Command) {
        if let Some(session) = &self.session {
            session.mailbox.push(command(self.link)).ok();
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.tell(|link| Command::Lost { link, why: Lost::Aborted });
    }
}

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::guard::LinkGuard;

pin_project! {
    /// The body of a response, either of the inner service or of this layer.
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
        // Packets of the session, `left` bytes of which have not been polled yet.
        Packets { left: usize, guard: Option<LinkGuard> },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn inner(body: B) -> Self {
        Self { inner: Inner::Service { body } }
    }

    pub(super) fn ours(bytes: Bytes) -> Self {
        Self { inner: Inner::Ours { bytes } }
    }

    /// Creates a body of `length` bytes of packets, which the session holds.
    pub(super) fn packets(length: usize, guard: LinkGuard) -> Self {
        Self { inner: Inner::Packets { left: length, guard: Some(guard) } }
    }
}

/// Creates an empty body, for outer layers that respond by themselves, such as CORS to a preflight request.
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
            InnerProj::Packets { left, guard } => {
                // A session that has waited too long drops its packets. The body then ends early, and the HTTP server
                // closes the stream.
                let piece = guard.as_ref().and_then(LinkGuard::take_piece);
                *left -= piece.as_ref().map_or(*left, Bytes::len);
                if *left == 0
                    && let Some(guard) = guard.take()
                {
                    guard.finish();
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

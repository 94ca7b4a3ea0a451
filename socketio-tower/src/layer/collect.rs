use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::{LengthLimitError, Limited};
use pin_project_lite::pin_project;
use socketio_core::LinkError;

use super::guard::LinkGuard;

pin_project! {
    /// A POST body that is being received. It is copied, so that a parked event does not keep the connection's read
    /// buffer.
    pub(super) struct Collect<B> {
        #[pin]
        body: Limited<B>,
        received: Vec<u8>,
    }
}

impl<B> Collect<B> {
    pub(super) fn new(body: B, max_payload: usize) -> Self {
        Self { body: Limited::new(body, max_payload), received: Vec::new() }
    }
}

impl<B> Collect<B>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Receives the rest of the body. The guard counts the received bytes while the body is incomplete.
    pub(super) fn poll(
        self: Pin<&mut Self>,
        guard: &mut LinkGuard,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, LinkError>> {
        let this = self.project();
        let (mut body, received) = (this.body, this.received);
        loop {
            let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
                guard.count_body(received.len());
                return Poll::Pending;
            };
            match frame {
                // Trailers are ignored.
                Some(Ok(frame)) => drop(frame.into_data().map(|data| append(received, data))),
                Some(Err(error)) if error.is::<LengthLimitError>() => {
                    return Poll::Ready(Err(LinkError::TooLarge));
                }
                Some(Err(_)) => return Poll::Ready(Err(LinkError::Aborted)),
                None => return Poll::Ready(Ok(Bytes::from(std::mem::take(received)))),
            }
        }
    }
}

fn append(received: &mut Vec<u8>, mut data: impl Buf) {
    received.reserve(data.remaining());
    while data.has_remaining() {
        let chunk = data.chunk();
        received.extend_from_slice(chunk);
        let length = chunk.len();
        data.advance(length);
    }
}

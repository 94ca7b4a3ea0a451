use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Cause, EventReply, Failure, Outcome};
use crate::panics::contained;
use crate::socket::AckRight;

pin_project! {
    /// The future of an event's handler, and the right to answer the event, which outlives the future whether it ends
    /// well, fails or panics.
    pub(super) struct Answering<F> {
        #[pin]
        future: Option<F>,
        right: AckRight,
    }
}

impl<F> Answering<F> {
    pub(super) fn new(future: F, right: AckRight) -> Self {
        Self { future: Some(future), right }
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output: EventReply>,
{
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        let reply = match contained(|| future.poll(cx)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(reply)) => Some(reply),
            None => None,
        };
        // First, because an unused `Ack` may be among what it holds; and not only when its box is dropped, which serves
        // again.
        let dropped = contained(|| this.future.set(None));
        let right = std::mem::take(this.right);
        let replied = dropped.and(reply).and_then(|reply| contained(|| reply.reply(right.kept())));
        Poll::Ready(match replied {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Failure::new(Cause::Failed(error), right)),
            None => Err(Failure::new(Cause::Panicked, right)),
        })
    }
}

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use socketio_core::Unanswered;
use socketio_core::packet::{FromArgs, RawArgs};
use tokio::sync::mpsc;

use crate::socket::{AckError, EmitError};

/// The answers to a [broadcast](crate::BroadcastOperator::emit_with_ack), in the order in which they come.
///
/// It is a stream with one item for each socket that was chosen: its answer, or why there is none. The stream ends when
/// there is one of each, at the latest with the timeout; whoever leaves is not waited for. Awaited, it gives all items
/// at once.
///
/// An event that [cannot be sent](EmitError) to anybody gives one item, which says so.
///
/// # Cancel safety
///
/// May be dropped at any time: the event was sent, the answers are ignored.
#[must_use = "the event is sent, but its answers are ignored unless they are awaited"]
pub struct BroadcastAck<R> {
    receiver: mpsc::UnboundedReceiver<Result<RawArgs, Unanswered>>,
    /// How many answers are still to come.
    awaited: usize,
    /// Why some were not asked.
    failed: VecDeque<AckError>,
    marker: PhantomData<fn() -> R>,
}

impl<R> BroadcastAck<R> {
    pub(super) fn new(
        receiver: mpsc::UnboundedReceiver<Result<RawArgs, Unanswered>>,
        awaited: usize,
        failed: Vec<AckError>,
    ) -> Self {
        Self { receiver, awaited, failed: failed.into(), marker: PhantomData }
    }

    pub(super) fn refused(error: EmitError) -> Self {
        let (_, receiver) = mpsc::unbounded_channel();
        Self::new(receiver, 0, vec![AckError::Refused(error)])
    }

    /// How many items are still to come.
    pub fn remaining(&self) -> usize {
        self.awaited + self.failed.len()
    }
}

impl<R: FromArgs> Stream for BroadcastAck<R> {
    type Item = Result<R, AckError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(error) = this.failed.pop_front() {
            return Poll::Ready(Some(Err(error)));
        }
        if this.awaited == 0 {
            return Poll::Ready(None);
        }
        let answer = ready!(this.receiver.poll_recv(cx));
        this.awaited -= 1;
        // A session that ended with its runtime has said nothing.
        Poll::Ready(Some(answer.map_or(Err(AckError::Disconnected), AckError::read)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining(), Some(self.remaining()))
    }
}

impl<R: FromArgs> IntoFuture for BroadcastAck<R> {
    type Output = Vec<Result<R, AckError>>;
    type IntoFuture = AllAnswers<R>;

    fn into_future(self) -> AllAnswers<R> {
        AllAnswers { items: Vec::with_capacity(self.remaining()), answers: self }
    }
}

impl<R> fmt::Debug for BroadcastAck<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAck").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// All answers to a broadcast: what an awaited [`BroadcastAck`] becomes.
#[must_use = "futures do nothing unless they are awaited"]
pub struct AllAnswers<R> {
    answers: BroadcastAck<R>,
    items: Vec<Result<R, AckError>>,
}

// Nothing in it is pinned.
impl<R> Unpin for AllAnswers<R> {}

impl<R: FromArgs> Future for AllAnswers<R> {
    type Output = Vec<Result<R, AckError>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        while let Some(item) = ready!(Pin::new(&mut this.answers).poll_next(cx)) {
            this.items.push(item);
        }
        Poll::Ready(std::mem::take(&mut this.items))
    }
}

impl<R> fmt::Debug for AllAnswers<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllAnswers").field("answers", &self.answers).finish_non_exhaustive()
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use socketio_core::packet::{FromArgs, RawArgs};

use crate::ack_error::AckError;
use crate::collection::{Collected, Collection};
use crate::emit_status::InvalidEvent;

/// The answers to a [broadcast](crate::BroadcastOperator::emit_with_ack), in the order in which they come.
///
/// It is a stream with one item for each socket that was chosen: its answer, or why there is none. The stream ends when
/// there is one of each, at the latest with the timeout; whoever leaves is not waited for. Awaited, it gives all items
/// at once.
///
/// An event that [cannot be sent](InvalidEvent) to anybody gives one item, which says so.
///
/// # Cancel safety
///
/// May be dropped at any time: the event was sent, the answers are ignored.
#[must_use = "the event is sent, but its answers are ignored unless they are awaited"]
pub struct BroadcastAck<R> {
    answers: Collection<Result<RawArgs, AckError>>,
    marker: PhantomData<fn() -> R>,
}

impl<R> BroadcastAck<R> {
    pub(super) fn new(mut answers: Collection<Result<RawArgs, AckError>>) -> Self {
        answers.gather();
        Self { answers, marker: PhantomData }
    }

    pub(super) fn refused(error: InvalidEvent) -> Self {
        let (collector, answers) = Collection::new();
        collector.expect(1);
        collector.send(Err(AckError::Invalid(error)));
        drop(collector);
        Self::new(answers)
    }

    /// How many items are still to come.
    pub fn remaining(&self) -> usize {
        self.answers.remaining()
    }
}

impl<R: FromArgs> Stream for BroadcastAck<R> {
    type Item = Result<R, AckError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let collected = ready!(self.get_mut().answers.poll_next(cx));
        Poll::Ready(collected.map(|collected| match collected {
            Collected::Item(answer) => AckError::read(answer),
            // A session that ended with its runtime has said nothing.
            Collected::Missing => Err(AckError::Disconnected),
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining(), None)
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

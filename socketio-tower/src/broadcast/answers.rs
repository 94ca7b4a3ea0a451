use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use socketio_core::packet::{FromArgs, RawArgs};

use crate::ack_error::AckError;
#[cfg(feature = "cluster")]
use crate::bus::Pending;
use crate::collection::{Collected, Collection};
use crate::emit_status::InvalidEvent;

/// The acks of a [broadcast](crate::BroadcastOperator::emit_with_ack), in the order of arrival.
///
/// As a [`Stream`], it yields one item per selected socket: its ack, or an error. The stream ends when every socket has
/// acknowledged the event, has disconnected, or has timed out. Awaited as a future, it returns all items in a `Vec`.
///
/// An [invalid event](InvalidEvent) is sent to no socket and yields one item, [`AckError::Invalid`]. In a cluster, each
/// other node that does not answer in time yields [`AckError::Unreachable`]; the number of its sockets is not known.
///
/// ```
/// # async fn example(io: socketio_tower::SocketIo) {
/// use futures_util::StreamExt;
///
/// let mut acks = io.emit_with_ack::<_, String>("version", "");
/// while let Some(ack) = acks.next().await {
///     println!("{ack:?}, {} more", acks.remaining());
/// }
/// # }
/// ```
///
/// # Cancel safety
///
/// The stream can be dropped at any time. The event is already sent; further acks are ignored.
#[must_use = "the event is sent, but its acks are ignored unless they are awaited"]
pub struct BroadcastAck<R> {
    /// The question to other nodes, which is forgotten when this is dropped.
    #[cfg(feature = "cluster")]
    _others: Option<Pending>,
    acks: Collection<Result<RawArgs, AckError>>,
    marker: PhantomData<fn() -> R>,
}

impl<R> BroadcastAck<R> {
    pub(super) fn new(mut acks: Collection<Result<RawArgs, AckError>>) -> Self {
        acks.gather();
        Self {
            #[cfg(feature = "cluster")]
            _others: None,
            acks,
            marker: PhantomData,
        }
    }

    /// Adds the question to other nodes, whose acks arrive in the same collection.
    #[cfg(feature = "cluster")]
    pub(super) fn with_others(self, others: Option<Pending>) -> Self {
        Self { _others: others, ..self }
    }

    pub(super) fn invalid(error: InvalidEvent) -> Self {
        let (collector, acks) = Collection::new();
        collector.expect(1);
        collector.send(Err(AckError::Invalid(error)));
        drop(collector);
        Self::new(acks)
    }

    /// Returns the number of items that the stream will still yield, as far as known.
    pub fn remaining(&self) -> usize {
        self.acks.remaining()
    }
}

impl<R: FromArgs> Stream for BroadcastAck<R> {
    type Item = Result<R, AckError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let collected = ready!(self.get_mut().acks.poll_next(cx));
        Poll::Ready(collected.map(|collected| match collected {
            Collected::Item(ack) => AckError::read(ack),
            // The session was dropped with its runtime.
            Collected::Missing => Err(AckError::Disconnected),
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining(), None)
    }
}

impl<R: FromArgs> IntoFuture for BroadcastAck<R> {
    type Output = Vec<Result<R, AckError>>;
    type IntoFuture = AllAcks<R>;

    fn into_future(self) -> AllAcks<R> {
        AllAcks { items: Vec::with_capacity(self.remaining()), acks: self }
    }
}

impl<R> fmt::Debug for BroadcastAck<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAck").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// The future of all acks of a broadcast, from awaiting a [`BroadcastAck`].
///
/// # Cancel safety
///
/// The future can be dropped at any time. The event is already sent; its acks are ignored.
#[must_use = "futures do nothing unless they are awaited"]
pub struct AllAcks<R> {
    acks: BroadcastAck<R>,
    items: Vec<Result<R, AckError>>,
}

// No field is pinned.
impl<R> Unpin for AllAcks<R> {}

impl<R: FromArgs> Future for AllAcks<R> {
    type Output = Vec<Result<R, AckError>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        while let Some(item) = ready!(Pin::new(&mut this.acks).poll_next(cx)) {
            this.items.push(item);
        }
        Poll::Ready(std::mem::take(&mut this.items))
    }
}

impl<R> fmt::Debug for AllAcks<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllAcks").field("acks", &self.acks).finish_non_exhaustive()
    }
}

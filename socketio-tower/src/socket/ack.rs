use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use socketio_core::packet::{AckId, FromArgs, RawArgs, ToArgs};
use tokio::sync::oneshot;

use super::{Socket, with_encoder};
use crate::ack_error::AckError;
use crate::emit_status::EmitStatus;

/// The right to answer one event.
#[derive(Debug)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "stands in the sealed methods of public traits")]
pub struct AckSlot {
    socket: Socket,
    id: AckId,
}

impl AckSlot {
    pub(crate) fn new(socket: Socket, id: AckId) -> Self {
        Self { socket, id }
    }

    pub(crate) fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        match with_encoder(|encoder| encoder.ack(self.socket.namespace(), self.id, args)) {
            Ok(packet) => self.socket.deliver(packet, false),
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }
}

/// The right to answer an event, from where its handler is called.
#[derive(Debug, Default)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "stands in the sealed methods of public traits")]
pub enum AckRight {
    /// Nobody awaits an answer.
    #[default]
    Nobody,
    /// What the handler returns is the answer.
    Kept(AckSlot),
    /// The handler has it as an argument.
    Lent(Arc<LentAck>),
}

impl AckRight {
    /// What the handler's return value is sent with.
    pub(crate) fn kept(&self) -> Option<&AckSlot> {
        match self {
            Self::Kept(slot) => Some(slot),
            Self::Nobody | Self::Lent(_) => None,
        }
    }

    /// The right, unless it was used or somebody still has it.
    pub(crate) fn reclaim(self) -> Option<AckSlot> {
        match self {
            Self::Nobody => None,
            Self::Kept(slot) => Some(slot),
            Self::Lent(lent) => {
                Arc::into_inner(lent).filter(|lent| !lent.used.load(Ordering::Relaxed)).map(|lent| lent.slot)
            }
        }
    }
}

/// The right to answer that a handler has as an argument.
#[derive(Debug)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "stands in the sealed methods of public traits")]
pub struct LentAck {
    slot: AckSlot,
    /// Ordered by the count of the `Arc`: it is read when nobody else has one.
    used: AtomicBool,
}

impl LentAck {
    pub(crate) fn new(slot: AckSlot) -> Self {
        Self { slot, used: AtomicBool::new(false) }
    }

    /// To be called once.
    pub(crate) fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        let sent = self.slot.send(args);
        self.used.store(!matches!(sent, EmitStatus::Invalid(_)), Ordering::Relaxed);
        sent
    }
}

pin_project! {
    /// The client's answer to come.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: the event was sent, its answer is ignored.
    #[must_use = "the event is sent, but its answer is ignored unless the future is awaited"]
    pub struct EmitWithAck<R> {
        state: State,
        marker: PhantomData<fn() -> R>,
    }
}

enum State {
    Waiting(oneshot::Receiver<Result<RawArgs, AckError>>),
    Failed(Option<AckError>),
}

impl<R> EmitWithAck<R> {
    pub(super) fn waiting(answer: oneshot::Receiver<Result<RawArgs, AckError>>) -> Self {
        Self { state: State::Waiting(answer), marker: PhantomData }
    }

    pub(super) fn failed(error: AckError) -> Self {
        Self { state: State::Failed(Some(error)), marker: PhantomData }
    }
}

impl<R: FromArgs> Future for EmitWithAck<R> {
    type Output = Result<R, AckError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state {
            State::Failed(error) => Err(error.take().expect("a future is not polled after its end")),
            State::Waiting(answer) => match ready!(Pin::new(answer).poll(cx)) {
                Ok(answer) => AckError::read(answer),
                Err(_) => Err(AckError::Disconnected),
            },
        })
    }
}

impl<R> fmt::Debug for EmitWithAck<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitWithAck").finish_non_exhaustive()
    }
}

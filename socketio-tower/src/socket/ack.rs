use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
#[cfg(feature = "cluster")]
use socketio_core::cluster::RawArray;
use socketio_core::packet::{AckId, FromArgs, RawArgs, ToArgs};
use tokio::sync::oneshot;

use super::{Socket, with_encoder};
use crate::ack_error::AckError;
#[cfg(feature = "cluster")]
use crate::bus::NodeAnswer;
use crate::emit_status::EmitStatus;

/// The right to send the acknowledgement of one event.
#[derive(Debug)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "used in the sealed methods of public traits")]
pub struct AckSlot(Asker);

/// The sender of the event.
#[derive(Debug)]
enum Asker {
    Client(Socket, AckId),
    #[cfg(feature = "cluster")]
    Node(Box<NodeAnswer>),
}

impl AckSlot {
    pub(crate) fn new(socket: Socket, id: AckId) -> Self {
        Self(Asker::Client(socket, id))
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn of_node(answer: NodeAnswer) -> Self {
        Self(Asker::Node(Box::new(answer)))
    }

    /// Returns the right to answer another node, if this is one.
    #[cfg(feature = "cluster")]
    pub(crate) fn into_node(self) -> Option<NodeAnswer> {
        match self.0 {
            Asker::Node(answer) => Some(*answer),
            Asker::Client(..) => None,
        }
    }

    pub(crate) fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        let (socket, id) = match &self.0 {
            Asker::Client(socket, id) => (socket, *id),
            #[cfg(feature = "cluster")]
            Asker::Node(answer) => {
                let packet = with_encoder(|encoder| encoder.ack(answer.namespace(), AckId(0), args));
                let packet = match packet {
                    Ok(packet) => packet,
                    Err(error) => return EmitStatus::Invalid(error.into()),
                };
                answer.send(RawArray::of_packet(&packet).expect("an ack has arguments"));
                return EmitStatus::Queued;
            }
        };
        match with_encoder(|encoder| encoder.ack(socket.namespace(), id, args)) {
            Ok(packet) => socket.deliver(packet, false),
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }
}

/// The holder of an event's acknowledgement while its handler runs.
#[derive(Debug, Default)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "used in the sealed methods of public traits")]
pub enum AckRight {
    /// No acknowledgement is requested.
    #[default]
    Nobody,
    /// The handler's return value is the acknowledgement.
    Kept(AckSlot),
    /// The handler takes it as an argument.
    Lent(Arc<LentAck>),
}

impl AckRight {
    /// Returns the slot for the handler's return value.
    pub(crate) fn kept(&self) -> Option<&AckSlot> {
        match self {
            Self::Kept(slot) => Some(slot),
            Self::Nobody | Self::Lent(_) => None,
        }
    }

    /// Returns the slot, unless it was used or another handle to it still exists.
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

/// The right to send an acknowledgement, taken by a handler as an argument.
#[derive(Debug)]
#[doc(hidden)]
#[expect(unnameable_types, reason = "used in the sealed methods of public traits")]
pub struct LentAck {
    slot: AckSlot,
    /// Ordered by the reference count of the `Arc`: it is read by the last owner.
    used: AtomicBool,
}

impl LentAck {
    pub(crate) fn new(slot: AckSlot) -> Self {
        Self { slot, used: AtomicBool::new(false) }
    }

    /// Sends the acknowledgement. Must be called at most once.
    pub(crate) fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        let sent = self.slot.send(args);
        self.used.store(!matches!(sent, EmitStatus::Invalid(_)), Ordering::Relaxed);
        sent
    }
}

pin_project! {
    /// A future of a client's acknowledgement, from [`Socket::emit_with_ack`].
    ///
    /// Resolves to an [`AckError`] if the event could not be sent, the client did not acknowledge it in time, or the
    /// acknowledgement has another type than `R`.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time: the event is sent nevertheless, and its acknowledgement is ignored.
    #[must_use = "the event is sent, but its acknowledgement is ignored unless the future is awaited"]
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
            State::Failed(error) => Err(error.take().expect("a future is not polled after completion")),
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

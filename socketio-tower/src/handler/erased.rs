use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;
use tokio_util::sync::ReusableBoxFuture;

use super::context::Occasion;
use super::{
    Cause, ConnectContext, ConnectError, ConnectReply, DisconnectContext, EventContext, EventReply, Failure,
    FilterReply, Handler, NoReply,
};
use crate::filter::Verdict;
use crate::panics::contained;
use crate::socket::AckRight;

/// A future of any type, in a box that can be reused after the future has completed.
pub(crate) type BoxFuture<T> = ReusableBoxFuture<'static, T>;

/// The result of a handler.
pub(crate) type Outcome = Result<(), Box<Failure>>;

/// The verdict of an async filter, or its failure.
pub(crate) type Judged = Result<Verdict, Box<Failure>>;

/// A type-erased handler. `C` is its context, `O` its result.
pub(crate) struct BoxHandler<C, O>(Box<dyn Call<C, O>>);

impl<C, O> BoxHandler<C, O> {
    /// Extracts the arguments and creates the future, which has not been polled, in the spare box if there is one. The
    /// right to send the ack is taken from the context.
    pub(crate) fn call(
        &self,
        context: &mut C,
        spare: &mut Option<BoxFuture<O>>,
    ) -> Result<BoxFuture<O>, Box<Failure>> {
        self.0.call(context, spare)
    }
}

impl<C: Occasion + 'static, O: 'static> BoxHandler<C, O> {
    /// Creates a handler. `run` maps the handler's future to one of the result, and gets the right to send the ack.
    fn new<H, M, F>(handler: H, run: impl Fn(H::Future, AckRight) -> F + Copy + Send + Sync + 'static) -> Self
    where
        H: Handler<C, M>,
        M: 'static,
        F: Future<Output = O> + Send + 'static,
    {
        let call = move |handler: &H, context: &mut C, spare: &mut Option<BoxFuture<O>>| {
            // Extraction also runs application code: `Deserialize`, `Extract`.
            let future = match contained(|| handler.clone().call(context)) {
                Some(Ok(future)) => future,
                Some(Err(error)) => return Err(Failure::new(Cause::BadArgs(error), context.take_ack())),
                None => return Err(Failure::new(Cause::Panicked, context.take_ack())),
            };
            let future = run(future, context.take_ack());
            Ok(match spare.take() {
                Some(mut boxed) => {
                    boxed.set(future);
                    boxed
                }
                None => BoxFuture::new(future),
            })
        };
        Self(Box::new(ErasedHandler { handler, call, marker: PhantomData::<fn() -> M> }))
    }
}

impl<C: Occasion + 'static> BoxHandler<C, Outcome> {
    /// Creates a handler of an event, whose return value becomes the ack, or the answer to another node.
    pub(crate) fn event<H, M>(handler: H) -> Self
    where
        H: Handler<C, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        Self::new(handler, Answering::new)
    }
}

impl BoxHandler<ConnectContext, Outcome> {
    /// Creates a handler that runs after the client has been connected.
    pub(crate) fn connect<H, M>(handler: H) -> Self
    where
        H: Handler<ConnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        Self::new(handler, |future, _| without_ack(future))
    }
}

impl BoxHandler<ConnectContext, Result<(), ConnectError>> {
    /// Creates a handler that accepts or rejects a client.
    pub(crate) fn middleware<H, M>(handler: H) -> Self
    where
        H: Handler<ConnectContext, M>,
        H::Reply: ConnectReply,
        M: 'static,
    {
        Self::new(handler, |future, _| async move { future.await.verdict() })
    }
}

/// A filter that may await.
pub(crate) type AsyncFilter = BoxHandler<EventContext, Judged>;

impl AsyncFilter {
    /// Creates a handler that decides on an event.
    pub(crate) fn filter<H, M>(handler: H) -> Self
    where
        H: Handler<EventContext, M>,
        H::Reply: FilterReply,
        M: 'static,
    {
        Self::new(handler, |future, _| async move {
            future.await.verdict().map_err(|error| Failure::new(Cause::Failed(error), AckRight::Nobody))
        })
    }
}

impl BoxHandler<DisconnectContext, Outcome> {
    /// Creates a handler that runs after a socket has been disconnected.
    pub(crate) fn disconnect<H, M>(handler: H) -> Self
    where
        H: Handler<DisconnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        Self::new(handler, |future, _| without_ack(future))
    }
}

/// Runs a handler without an ack. Its values are dropped when it completes, not when its box is.
async fn without_ack<F>(future: F) -> Outcome
where
    F: Future<Output: NoReply>,
{
    future.await.outcome().map_err(|error| Failure::new(Cause::Failed(error), AckRight::Nobody))
}

pin_project! {
    /// The future of an event's handler, and the right to send the ack, which outlives the future however the future
    /// ends.
    struct Answering<F> {
        #[pin]
        future: Option<F>,
        right: AckRight,
    }
}

impl<F> Answering<F> {
    fn new(future: F, right: AckRight) -> Self {
        Self { future: Some(future), right }
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output: EventReply>,
{
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        let reply = match contained(|| future.poll(cx)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(reply)) => Some(reply),
            None => None,
        };
        // Dropped first, because the future may hold an unused `Ack`, and here rather than with the box, which is
        // reused.
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

impl<C, O> fmt::Debug for BoxHandler<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxHandler")
    }
}

trait Call<C, O>: Send + Sync {
    fn call(&self, context: &mut C, spare: &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>>;
}

struct ErasedHandler<H, M, F> {
    handler: H,
    call: F,
    marker: PhantomData<fn() -> M>,
}

impl<H, M, F, C, O> Call<C, O> for ErasedHandler<H, M, F>
where
    H: Send + Sync,
    F: Fn(&H, &mut C, &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> + Send + Sync,
{
    fn call(&self, context: &mut C, spare: &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> {
        (self.call)(&self.handler, context, spare)
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;
use tokio_util::sync::ReusableBoxFuture;

use super::context::Context;
use super::{
    Cause, ConnectContext, ConnectError, ConnectReply, DisconnectContext, EventContext, EventReply, Failure,
    FilterReply, Handler, NoReply,
};
use crate::filter::Verdict;
use crate::panics::contained;
use crate::socket::AckRight;

/// A future of any type, in a box that may serve again when it has ended.
pub(crate) type BoxFuture<T> = ReusableBoxFuture<'static, T>;

/// How a handler ended.
pub(crate) type Outcome = Result<(), Box<Failure>>;

/// What an async filter has made of an event, or how it failed.
pub(crate) type Judged = Result<Verdict, Box<Failure>>;

/// A handler of any type. `C` is its occasion, `O` how it may end.
pub(crate) struct BoxHandler<C, O>(Box<dyn Call<C, O>>);

impl<C, O> BoxHandler<C, O> {
    /// Extracts the arguments and makes the future, which has not begun, in the spare box if there is one.
    pub(crate) fn call(
        &self,
        context: C,
        spare: &mut Option<BoxFuture<O>>,
    ) -> Result<BoxFuture<O>, Box<Failure>> {
        self.0.call(context, spare)
    }
}

impl<C: Context + 'static, O: 'static> BoxHandler<C, O> {
    /// `run` makes of the handler's future what it ends with. It gets the right to answer.
    fn new<H, M, F>(handler: H, run: impl Fn(H::Future, AckRight) -> F + Copy + Send + Sync + 'static) -> Self
    where
        H: Handler<C, M>,
        M: 'static,
        F: Future<Output = O> + Send + 'static,
    {
        let call = move |handler: &H, mut context: C, spare: &mut Option<BoxFuture<O>>| {
            // Extraction runs code of the application too: `Deserialize`, `Extract`.
            let future = match contained(|| handler.clone().call(&mut context)) {
                Some(Ok(future)) => future,
                Some(Err(error)) => return Err(Failure::new(Cause::BadArgs(error), context.take_ack())),
                None => return Err(Failure::new(Cause::Panicked, context.take_ack())),
            };
            let right = context.take_ack();
            drop(context);
            let future = run(future, right);
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

impl BoxHandler<EventContext, Outcome> {
    /// A handler whose reply becomes the ack.
    pub(crate) fn event<H, M>(handler: H) -> Self
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        Self::new(handler, Answering::new)
    }
}

impl BoxHandler<ConnectContext, Outcome> {
    /// A handler that runs after the client is told that it is connected.
    pub(crate) fn connect<H, M>(handler: H) -> Self
    where
        H: Handler<ConnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        Self::new(handler, |future, _| unanswered(future))
    }
}

impl BoxHandler<ConnectContext, Result<(), ConnectError>> {
    /// A handler that decides whether the client may connect.
    pub(crate) fn middleware<H, M>(handler: H) -> Self
    where
        H: Handler<ConnectContext, M>,
        H::Reply: ConnectReply,
        M: 'static,
    {
        Self::new(handler, |future, _| async move { future.await.verdict() })
    }
}

/// A filter that may wait.
pub(crate) type AsyncFilter = BoxHandler<EventContext, Judged>;

impl AsyncFilter {
    /// A handler that decides on an event.
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
    /// A handler that runs when a socket has left.
    pub(crate) fn disconnect<H, M>(handler: H) -> Self
    where
        H: Handler<DisconnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        Self::new(handler, |future, _| unanswered(future))
    }
}

/// Runs a handler that answers nobody. What it holds is dropped when it ends, not when its box is.
async fn unanswered<F>(future: F) -> Outcome
where
    F: Future<Output: NoReply>,
{
    future.await.outcome().map_err(|error| Failure::new(Cause::Failed(error), AckRight::Nobody))
}

pin_project! {
    /// The future of an event's handler, and the right to answer the event, which outlives the future whether it ends
    /// well, fails or panics.
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

impl<C, O> fmt::Debug for BoxHandler<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxHandler")
    }
}

trait Call<C, O>: Send + Sync {
    fn call(&self, context: C, spare: &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>>;
}

struct ErasedHandler<H, M, F> {
    handler: H,
    call: F,
    marker: PhantomData<fn() -> M>,
}

impl<H, M, F, C, O> Call<C, O> for ErasedHandler<H, M, F>
where
    H: Send + Sync,
    F: Fn(&H, C, &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> + Send + Sync,
{
    fn call(&self, context: C, spare: &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> {
        (self.call)(&self.handler, context, spare)
    }
}

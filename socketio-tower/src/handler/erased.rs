use std::fmt;
use std::marker::PhantomData;

use tokio_util::sync::ReusableBoxFuture;

use super::context::Context;
use super::{
    Cause, ConnectContext, ConnectError, ConnectReply, DisconnectContext, EventContext, EventReply, Failure,
    Handler, NoReply,
};
use crate::socket::AckSlot;

/// A future of any type, in a box that may serve again when it has ended.
pub(crate) type BoxFuture<T> = ReusableBoxFuture<'static, T>;

/// How a handler ended.
pub(crate) type Outcome = Result<(), Box<Failure>>;

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
    /// `finish` makes of the reply what the handler ends with. It gets the right to answer, unless the
    /// handler took it as an argument.
    fn new<H, M>(
        handler: H,
        finish: impl Fn(H::Reply, Option<AckSlot>) -> O + Copy + Send + Sync + 'static,
    ) -> Self
    where
        H: Handler<C, M>,
        M: 'static,
    {
        let call = move |handler: &H, mut context: C, spare: &mut Option<BoxFuture<O>>| {
            let called = handler.clone().call(&mut context);
            let future = called.map_err(|error| Failure::new(Cause::BadArgs(error), context.take_ack()))?;
            let ack = context.take_ack();
            drop(context);
            // What it holds is dropped when it ends, not when its box is.
            let future = async move { finish(future.await, ack) };
            Ok(match spare.take() {
                Some(mut boxed) => {
                    boxed.set(future);
                    boxed
                }
                None => BoxFuture::new(future),
            })
        };
        Self(Box::new(Function { handler, call, marker: PhantomData::<fn() -> M> }))
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
        Self::new(handler, EventReply::reply)
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
        Self::new(handler, |reply, _| reply.outcome())
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
        Self::new(handler, |reply, _| reply.verdict())
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
        Self::new(handler, |reply, _| reply.outcome())
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

struct Function<H, M, F> {
    handler: H,
    call: F,
    marker: PhantomData<fn() -> M>,
}

impl<H, M, F, C, O> Call<C, O> for Function<H, M, F>
where
    H: Send + Sync,
    F: Fn(&H, C, &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> + Send + Sync,
{
    fn call(&self, context: C, spare: &mut Option<BoxFuture<O>>) -> Result<BoxFuture<O>, Box<Failure>> {
        (self.call)(&self.handler, context, spare)
    }
}

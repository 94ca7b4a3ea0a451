use std::fmt;
use std::sync::Arc;

use super::instance::Instance;
use crate::handler::{
    ConnectError, ConnectReply, Context, EventReply, Extract, ExtractError, Failure, Handler, NoReply,
    Requirements,
};
use crate::socket::AckSlot;

/// An async function together with the value that is its first argument: a handler, made by
/// [`Instance::handler`](crate::Instance::handler).
pub struct Bound<T, F> {
    instance: Instance<T>,
    function: F,
}

impl<T, F> Bound<T, F> {
    pub(super) fn new(instance: Instance<T>, function: F) -> Self {
        Self { instance, function }
    }
}

macro_rules! bound {
    ($($argument:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a type's name serves as its value's")]
        #[allow(unused_variables, reason = "functions without arguments require nothing")]
        impl<T, F, Fut, C, $($argument),*> Handler<C, fn(Arc<T>, $($argument),*)> for Bound<T, F>
        where
            T: Send + Sync + 'static,
            F: FnOnce(Arc<T>, $($argument),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            C: Context,
            $($argument: Extract<C>,)*
        {
            type Reply = Fut::Output;
            type Future = Fut;

            fn call(self, context: &mut C) -> Result<Fut, ExtractError> {
                let instance = self.instance.extract(context.socket())?;
                $(let $argument = $argument::extract(context)?;)*
                Ok((self.function)(instance, $($argument),*))
            }

            fn require(requirements: &mut Requirements) {
                $($argument::require(requirements);)*
            }
        }
    };
}

bound!();
bound!(T1);
bound!(T1, T2);
bound!(T1, T2, T3);
bound!(T1, T2, T3, T4);
bound!(T1, T2, T3, T4, T5);
bound!(T1, T2, T3, T4, T5, T6);
bound!(T1, T2, T3, T4, T5, T6, T7);

impl<T, F: Clone> Clone for Bound<T, F> {
    fn clone(&self) -> Self {
        Self { instance: self.instance.clone(), function: self.function.clone() }
    }
}

impl<T, F> fmt::Debug for Bound<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// A method of an instance, as the attribute `namespace` makes it a handler: the extraction of each argument stands in
/// the closure, at the argument's place in the source, and so does what the compiler has to say about it.
#[derive(Debug)]
pub struct Method<T, F>(Bound<T, F>);

/// Tells the handlers that are methods from the others.
#[derive(Debug)]
pub enum ByMethod {}

impl<T, F> Method<T, F> {
    pub(super) fn new(instance: Instance<T>, call: F) -> Self {
        Self(Bound::new(instance, call))
    }
}

impl<T, F, Fut, C> Handler<C, ByMethod> for Method<T, F>
where
    T: Send + Sync + 'static,
    F: Fn(Arc<T>, &mut C) -> Result<Fut, ExtractError> + Clone + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    C: Context,
{
    type Reply = Fut::Output;
    type Future = Fut;

    fn call(self, context: &mut C) -> Result<Fut, ExtractError> {
        let instance = self.0.instance.extract(context.socket())?;
        (self.0.function)(instance, context)
    }

    /// The attribute says it beside, with [`NamespaceBuilder::require`](super::NamespaceBuilder::require).
    fn require(_: &mut Requirements) {}
}

impl<T, F: Clone> Clone for Method<T, F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What a method returned, and what is to be made of it: chosen at the return type's place in the source, where the
/// compiler complains if it is none.
#[derive(Debug)]
pub struct Returned<R, F>(pub R, pub F);

impl<R, F: FnOnce(R, Option<AckSlot>) -> Result<(), Box<Failure>>> EventReply for Returned<R, F> {
    fn reply(self, ack: Option<AckSlot>) -> Result<(), Box<Failure>> {
        (self.1)(self.0, ack)
    }
}

impl<R, F: FnOnce(R) -> Result<(), Box<Failure>>> NoReply for Returned<R, F> {
    fn outcome(self) -> Result<(), Box<Failure>> {
        (self.1)(self.0)
    }
}

impl<R, F: FnOnce(R) -> Result<(), ConnectError>> ConnectReply for Returned<R, F> {
    fn verdict(self) -> Result<(), ConnectError> {
        (self.1)(self.0)
    }
}

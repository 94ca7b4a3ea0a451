use std::fmt;
use std::sync::Arc;

use super::instance::{Instance, NamespaceHandlers};
use crate::handler::{
    Arguments, BoxError, ConnectError, ConnectReply, Context, EventReply, ExtractError, Function, NoReply,
    Requirements, Seal,
};
use crate::socket::AckSlot;

/// An async function and the value for its first argument: a handler, made by
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

/// The arguments of a bound function, without the instance.
#[derive(Debug)]
pub struct BoundArguments<M>(M);

impl<M: Arguments<C>, C> Arguments<C> for BoundArguments<M> {
    fn extract(context: &mut C, seal: Seal) -> Result<Self, ExtractError> {
        M::extract(context, seal).map(Self)
    }

    fn require(requirements: &mut Requirements) {
        M::require(requirements);
    }
}

macro_rules! bound {
    ($($argument:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a type's name serves as its value's")]
        impl<T, F, R, C, $($argument),*> Function<C, BoundArguments<($($argument,)*)>> for Bound<T, F>
        where
            T: NamespaceHandlers,
            F: FnOnce(Arc<T>, $($argument),*) -> R,
            C: Context,
        {
            type Output = R;

            fn apply(
                self,
                BoundArguments(($($argument,)*)): BoundArguments<($($argument,)*)>,
                context: &mut C,
                _: Seal,
            ) -> Result<R, ExtractError> {
                Ok((self.function)(self.instance.extract(context.socket())?, $($argument),*))
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

/// A method of an instance, as a handler made by the attribute `namespace`. The closure extracts each argument at the
/// argument's position in the source, so that compiler errors point there.
#[derive(Debug)]
pub struct Method<T, F>(Bound<T, F>);

/// The arguments of a method, which its closure extracts.
#[derive(Debug)]
pub struct MethodArguments;

impl<C> Arguments<C> for MethodArguments {
    fn extract(_: &mut C, _: Seal) -> Result<Self, ExtractError> {
        Ok(Self)
    }

    /// Declares nothing: the attribute calls [`NamespaceBuilder::require`](super::NamespaceBuilder::require).
    fn require(_: &mut Requirements) {}
}

impl<T, F> Method<T, F> {
    pub(super) fn new(instance: Instance<T>, call: F) -> Self {
        Self(Bound::new(instance, call))
    }
}

#[diagnostic::do_not_recommend]
impl<T, F, R, C> Function<C, MethodArguments> for Method<T, F>
where
    T: NamespaceHandlers,
    F: Fn(Arc<T>, &mut C) -> Result<R, ExtractError>,
    C: Context,
{
    type Output = R;

    fn apply(self, _: MethodArguments, context: &mut C, _: Seal) -> Result<R, ExtractError> {
        (self.0.function)(self.0.instance.extract(context.socket())?, context)
    }
}

impl<T, F: Clone> Clone for Method<T, F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The return value of a method and the function that handles it, created at the position of the return type in the
/// source, so that compiler errors point there.
#[derive(Debug)]
pub struct Returned<R, F>(R, F);

impl<R, F: FnOnce(R, Option<&AckSlot>) -> Result<(), BoxError>> Returned<R, F> {
    /// Wraps the return value of an event handler.
    pub fn answering(value: R, finish: F) -> Self {
        Self(value, finish)
    }
}

impl<R, F: FnOnce(R) -> Result<(), BoxError>> Returned<R, F> {
    /// Wraps the return value of a handler without an ack.
    pub fn silent(value: R, finish: F) -> Self {
        Self(value, finish)
    }
}

impl<R, F: FnOnce(R) -> Result<(), ConnectError>> Returned<R, F> {
    /// Wraps the return value of a middleware.
    pub fn admitting(value: R, finish: F) -> Self {
        Self(value, finish)
    }
}

impl<R, F: FnOnce(R, Option<&AckSlot>) -> Result<(), BoxError>> EventReply for Returned<R, F> {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        (self.1)(self.0, ack)
    }
}

impl<R, F: FnOnce(R) -> Result<(), BoxError>> NoReply for Returned<R, F> {
    fn outcome(self) -> Result<(), BoxError> {
        (self.1)(self.0)
    }
}

impl<R, F: FnOnce(R) -> Result<(), ConnectError>> ConnectReply for Returned<R, F> {
    fn verdict(self) -> Result<(), ConnectError> {
        (self.1)(self.0)
    }
}

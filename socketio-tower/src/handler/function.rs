use super::{Extract, ExtractError, Requirements};

/// An async function or closure whose arguments can all be extracted from the context `C`. `M` is the tuple of its
/// argument types and is inferred.
///
/// Implemented for functions of up to eight arguments, and sealed. The closure is cloned for every call, so its
/// captures should be cheap to clone: an `Arc`, a sender, a [`SocketIo`](crate::SocketIo).
pub trait Handler<C, M>: Clone + Send + Sync + 'static {
    /// The output of the future.
    type Reply;
    /// The future returned by the function.
    type Future: Future<Output = Self::Reply> + Send + 'static;

    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// Returns an error if an argument cannot be extracted.
    fn call(self, context: &mut C) -> Result<Self::Future, ExtractError>;

    /// Declares the values that the application must provide.
    fn require(requirements: &mut Requirements);
}

/// A single implementation for all, so that the compiler reports the argument that is not an extractor or the value
/// that is not `Send`.
impl<F, C, M> Handler<C, M> for F
where
    F: Function<C, M> + Clone + Send + Sync + 'static,
    F::Output: Asynchronous + Send + 'static,
    M: Arguments<C>,
{
    type Reply = <F::Output as Future>::Output;
    type Future = F::Output;

    fn call(self, context: &mut C) -> Result<F::Output, ExtractError> {
        let arguments = M::extract(context, Seal(()))?;
        self.apply(arguments, context, Seal(()))
    }

    fn require(requirements: &mut Requirements) {
        M::require(requirements);
    }
}

/// A seal for traits: only this crate can name it, so only this crate can implement a method that takes it.
#[derive(Debug, Clone, Copy)]
#[expect(unnameable_types, reason = "used in the sealed methods of public traits")]
pub struct Seal(());

/// The return value of an `async` function: a future. A separate trait, for the compiler's message about a function
/// that is not `async`.
#[diagnostic::on_unimplemented(
    message = "this handler is not `async`",
    label = "returns `{Self}`, which is not a future",
    note = "add `async`: `async |socket: Socket| {{ … }}`, or `async fn`"
)]
pub trait Asynchronous: Future {}

#[diagnostic::do_not_recommend]
impl<F: Future> Asynchronous for F {}

/// A function or closure that can be called with the arguments `M`, possibly bound to an [`Instance`](crate::Instance).
/// Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not an `async` function or closure of at most 8 arguments",
    note = "a handler is an `async` function or closure of at most 8 arguments, such as `async |socket: Socket| {{}}`"
)]
pub trait Function<C, M> {
    /// The return type: a future.
    type Output;

    #[doc(hidden)]
    fn apply(self, arguments: M, context: &mut C, seal: Seal) -> Result<Self::Output, ExtractError>;
}

/// A tuple of types that can all be extracted from the context `C`. Sealed.
pub trait Arguments<C>: Sized {
    #[doc(hidden)]
    fn extract(context: &mut C, seal: Seal) -> Result<Self, ExtractError>;

    #[doc(hidden)]
    fn require(requirements: &mut Requirements);
}

macro_rules! function {
    ($($argument:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a type's name serves as its value's")]
        impl<F, R, C, $($argument),*> Function<C, ($($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> R,
        {
            type Output = R;

            fn apply(
                self,
                ($($argument,)*): ($($argument,)*),
                _: &mut C,
                _: Seal,
            ) -> Result<R, ExtractError> {
                Ok(self($($argument),*))
            }
        }

        #[allow(unused_variables, reason = "functions without arguments need no context")]
        impl<C, $($argument: Extract<C>),*> Arguments<C> for ($($argument,)*) {
            fn extract(context: &mut C, _: Seal) -> Result<Self, ExtractError> {
                Ok(($($argument::extract(context)?,)*))
            }

            fn require(requirements: &mut Requirements) {
                $($argument::require(requirements);)*
            }
        }
    };
}

function!();
function!(T1);
function!(T1, T2);
function!(T1, T2, T3);
function!(T1, T2, T3, T4);
function!(T1, T2, T3, T4, T5);
function!(T1, T2, T3, T4, T5, T6);
function!(T1, T2, T3, T4, T5, T6, T7);
function!(T1, T2, T3, T4, T5, T6, T7, T8);

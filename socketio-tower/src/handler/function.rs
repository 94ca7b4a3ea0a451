use super::{Extract, ExtractError, Requirements};

/// An async function or closure whose arguments can all be extracted from the context `C`. `M` is the
/// tuple of its arguments' types and is inferred.
///
/// Implemented for functions of up to eight arguments, and sealed. The closure is
/// cloned for every call, so what it captures should be cheap to clone: an `Arc`, a sender, a
/// [`SocketIo`](crate::SocketIo).
pub trait Handler<C, M>: Clone + Send + Sync + 'static {
    /// What it returns.
    type Reply;
    /// The future it returns.
    type Future: Future<Output = Self::Reply> + Send + 'static;

    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// An argument could not be extracted.
    fn call(self, context: &mut C) -> Result<Self::Future, ExtractError>;

    /// Names what the application must have provided.
    fn require(requirements: &mut Requirements);
}

/// One implementation for all, so that the compiler looks into it when something is missing, and names the argument
/// that is none, or the value that cannot be sent.
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

/// Seals traits: only this crate can name it, so only this crate can implement a method that takes it.
#[derive(Debug, Clone, Copy)]
#[expect(unnameable_types, reason = "stands in the sealed methods of public traits")]
pub struct Seal(());

/// What an `async` function returns: a future. A trait of its own for what the compiler says where it is none.
#[diagnostic::on_unimplemented(
    message = "this handler is not `async`",
    label = "returns `{Self}`, which is not a future",
    note = "write `async` in front: `async |socket: Socket| {{ … }}`, or `async fn`"
)]
pub trait Asynchronous: Future {}

#[diagnostic::do_not_recommend]
impl<F: Future> Asynchronous for F {}

/// What can be called with the arguments `M`: functions and closures, and those that are bound to an
/// [`Instance`](crate::Instance). Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not an `async` function or closure of at most 8 arguments",
    note = "a handler is an `async` function or closure of at most 8 arguments, such as `async |socket: Socket| {{}}`"
)]
pub trait Function<C, M> {
    /// What it returns: a future.
    type Output;

    #[doc(hidden)]
    fn apply(self, arguments: M, context: &mut C, seal: Seal) -> Result<Self::Output, ExtractError>;
}

/// What can all be extracted from the context `C`: a tuple of types that can. Sealed.
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

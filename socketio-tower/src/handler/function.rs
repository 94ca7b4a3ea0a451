use super::{Extract, ExtractError, Requirements};

/// An async function or closure whose arguments can all be extracted from the context `C`. `M` is the
/// tuple of its arguments' types and is inferred.
///
/// Implemented for functions of up to eight arguments; not to be implemented by hand. The closure is
/// cloned for every call, so what it captures should be cheap to clone: an `Arc`, a sender, a
/// [`SocketIo`](crate::SocketIo).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for this occasion",
    label = "not a handler",
    note = "a handler is an `async` function or closure of at most 8 arguments, each of which implements `Extract`",
    note = "it must be `Clone + Send + Sync + 'static`, and its future `Send + 'static`: no `Rc`, no lock guard across an `.await`",
    note = "everywhere: `Socket`, `Client`, `State<T>`, `Extension<T>`, `Query<T>`; on connect: `Auth<T>`; on an event: `Data<T>`, `Args<(A, B)>`, `Event`, `Ack`; on disconnect: `DisconnectReason`, `Rooms`"
)]
pub trait Handler<C, M>: Clone + Send + Sync + 'static {
    /// What it returns.
    type Reply;
    /// The future it returns.
    type Future: Future<Output = Self::Reply> + Send + 'static;

    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// An argument could not be had.
    fn call(self, context: &mut C) -> Result<Self::Future, ExtractError>;

    /// Names what the application must have provided.
    fn require(requirements: &mut Requirements);
}

macro_rules! handler {
    ($($argument:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a type's name serves as its value's")]
        #[allow(unused_variables, reason = "functions without arguments need no context")]
        impl<F, Fut, C, $($argument),*> Handler<C, ($($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            $($argument: Extract<C>,)*
        {
            type Reply = Fut::Output;
            type Future = Fut;

            fn call(self, context: &mut C) -> Result<Fut, ExtractError> {
                $(let $argument = $argument::extract(context)?;)*
                Ok(self($($argument),*))
            }

            fn require(requirements: &mut Requirements) {
                $($argument::require(requirements);)*
            }
        }
    };
}

handler!();
handler!(T1);
handler!(T1, T2);
handler!(T1, T2, T3);
handler!(T1, T2, T3, T4);
handler!(T1, T2, T3, T4, T5);
handler!(T1, T2, T3, T4, T5, T6);
handler!(T1, T2, T3, T4, T5, T6, T7);
handler!(T1, T2, T3, T4, T5, T6, T7, T8);

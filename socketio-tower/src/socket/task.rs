use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::{AckSlot, Socket};
use crate::handler::{Cause, ErrorContext};

/// Tasks, and what goes wrong.
impl Socket {
    /// Runs an async function beside the socket, which it is given: a producer, a subscription. It is cancelled when the
    /// socket has been disconnected and its disconnect handler has ended. A panic is told to the namespace's
    /// [error hook](crate::NamespaceBuilder::on_error).
    ///
    /// On the runtime that it is called on, or elsewhere on that of the server. Nothing happens if the socket is gone.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio_tower::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_connect(async |socket: Socket| {
    ///         socket.spawn(async |socket| {
    ///             let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ///             loop {
    ///                 ticks.tick().await;
    ///                 socket.emit("tick", "tock");
    ///             }
    ///         });
    ///     });
    /// });
    /// ```
    pub fn spawn<F, Fut>(&self, task: F)
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Some(cancelled) = self.extras().and_then(|extras| extras.tasks()) else { return };
        let (socket, future) = (self.clone(), task(self.clone()));
        self.server().spawn(async move {
            let ended = cancelled.run_until_cancelled_owned(AssertUnwindSafe(future).catch_unwind()).await;
            if let Some(Err(_)) = ended {
                socket.report(None, &Cause::Panicked, None);
            }
        });
    }

    /// Tells the application that something was not handled.
    pub(crate) fn report(&self, event: Option<&str>, cause: &Cause, ack: Option<AckSlot>) {
        self.namespaces().report(self.table().error_hook(), ErrorContext::of(self, event, cause, ack));
    }
}

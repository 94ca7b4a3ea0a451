use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::{AckSlot, Socket};
use crate::handler::{Cause, ErrorContext};

/// Tasks and error reports.
impl Socket {
    /// Spawns a task for the socket, such as a producer or a subscription. The task is cancelled once the socket is
    /// disconnected and its disconnect handler has finished. A panic is reported to the namespace's
    /// [error hook](crate::NamespaceBuilder::on_error).
    ///
    /// The task runs on the current runtime, or on that of the server if there is no current one. Has no effect if the
    /// socket is gone.
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

    /// Reports a failure to the error hook.
    pub(crate) fn report(&self, event: Option<&str>, cause: &Cause, ack: Option<AckSlot>) {
        self.namespaces().report(self.table().error_hook(), ErrorContext::of(self, event, cause, ack));
    }
}

use std::borrow::Cow;

/// The decision of a filter on an event.
///
/// ```
/// use socketio_tower::{SocketIo, Verdict};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.filter(|_socket, event| match event.name() {
///         "ping" => Verdict::Ignore,
///         "admin" => Verdict::deny("not an administrator"),
///         _ => Verdict::Pass,
///     });
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Pass the event to the next filter, and finally to its handlers.
    Pass,
    /// Drop the event silently, for example because the filter has handled it.
    Ignore,
    /// Drop the event and report the reason to the error hook.
    Deny(Cow<'static, str>),
}

impl Verdict {
    /// Creates a [`Deny`](Self::Deny) verdict. The reason is passed to the error hook, not to the client.
    pub fn deny(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Deny(reason.into())
    }
}

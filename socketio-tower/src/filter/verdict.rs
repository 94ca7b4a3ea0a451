use std::borrow::Cow;
use std::sync::Arc;

use socketio_core::packet::Event;

use crate::socket::Socket;

/// What a filter makes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on: to the next filter, and at last to the handlers.
    Pass,
    /// It ends here, without a word: the filter has seen to it.
    Ignore,
    /// It ends here, and the error hook is told why.
    Deny(Cow<'static, str>),
}

impl Verdict {
    /// It is denied for this reason, which the error hook hears and the client does not.
    pub fn deny(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Deny(reason.into())
    }
}

/// Decides on the events that a client sends.
pub(crate) type Filter = Arc<dyn Fn(&Socket, &Event) -> Verdict + Send + Sync>;

/// Is told of the events that are sent to a client.
pub(crate) type Listener = Arc<dyn Fn(&Socket, &Event) + Send + Sync>;

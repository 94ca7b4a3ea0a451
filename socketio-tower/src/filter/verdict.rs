use std::borrow::Cow;
use std::sync::Arc;

use socketio_core::packet::Event;

use crate::handler::{AsyncFilter, BoxFuture, Failure};
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

type SyncFilter = dyn Fn(&Socket, &Event) -> Verdict + Send + Sync;

/// Decides on the events that a client sends.
#[derive(Clone)]
pub(crate) enum Filter {
    Now(Arc<SyncFilter>),
    Later(Arc<AsyncFilter>),
}

/// What an async filter has made of an event, or how it failed.
pub(crate) type Judged = Result<Verdict, Box<Failure>>;

/// What all filters make of an event.
pub(crate) enum Judgement {
    Now(Verdict),
    /// As soon as the first async one among them, and those after it, have ended.
    Later(BoxFuture<Judged>),
}

/// Is told of the events that are sent to a client.
pub(crate) type Listener = Arc<dyn Fn(&Socket, &Event) + Send + Sync>;

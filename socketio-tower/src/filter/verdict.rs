use std::borrow::Cow;

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

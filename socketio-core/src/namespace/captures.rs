use std::fmt;

/// What the parts in braces of a namespace's pattern stood for: in `/orders/{id}`, met by `/orders/7`, `id` is `7`.
///
/// The values are as the client wrote them: names of namespaces are not percent-encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Captures(Box<[(Box<str>, Box<str>)]>);

impl Captures {
    pub(super) fn new<'a>(captures: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(captures.map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Names and values, in the order of the pattern.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Captures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

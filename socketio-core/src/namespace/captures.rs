use std::fmt;

/// The values of the path parameters of a namespace pattern: for `/orders/{id}` and the namespace `/orders/7`, `id`
/// is `7`.
///
/// The values are as the client wrote them: namespace names are not percent-encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Captures(Box<[(Box<str>, Box<str>)]>);

impl Captures {
    pub(super) fn new<'a>(captures: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(captures.map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Returns the value of the parameter with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns the names and values, in the order of the pattern.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Captures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

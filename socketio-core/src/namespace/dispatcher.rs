use std::collections::BTreeMap;

use super::NamespacePath;

/// Resolves the name of a namespace, as a client sends it, to the index of that namespace.
///
/// Only the application adds namespaces: resolving a name that a client made up leaves nothing behind.
///
/// ```
/// use socketio_core::namespace::{Dispatcher, NamespacePath};
///
/// let mut dispatcher = Dispatcher::new();
/// let root = dispatcher.insert(NamespacePath::root());
/// assert_eq!(dispatcher.resolve("/"), Some(root));
/// assert_eq!(dispatcher.resolve("/random"), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Dispatcher {
    paths: Vec<NamespacePath>,
    // Ordered, not hashed: clients choose the names that are looked up, and no set of names makes this slow.
    indices: BTreeMap<NamespacePath, NamespaceIndex>,
}

/// The place of a namespace in its [`Dispatcher`]: 0 for the first one inserted, then 1, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceIndex(usize);

impl Dispatcher {
    /// A dispatcher without namespaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the namespace at `path`; one that is there already keeps its index.
    pub fn insert(&mut self, path: NamespacePath) -> NamespaceIndex {
        *self.indices.entry(path).or_insert_with_key(|path| {
            self.paths.push(path.clone());
            NamespaceIndex(self.paths.len() - 1)
        })
    }

    /// The namespace of this name, which is compared as it is: a client writes the leading `/`.
    pub fn resolve(&self, name: &str) -> Option<NamespaceIndex> {
        self.indices.get(name).copied()
    }

    /// The path of a namespace, or `None` for an index of another dispatcher.
    pub fn path(&self, index: NamespaceIndex) -> Option<&NamespacePath> {
        self.paths.get(index.0)
    }

    /// The number of namespaces, which is also the next index.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether there is no namespace.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

impl NamespaceIndex {
    /// The index, for a table with one entry per namespace.
    pub fn get(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> NamespacePath {
        text.parse().expect("a path")
    }

    #[test]
    fn namespaces_are_numbered_in_order() {
        let mut dispatcher = Dispatcher::new();
        for (expected, text) in ["/", "/b", "/a"].into_iter().enumerate() {
            let index = dispatcher.insert(path(text));
            assert_eq!(index.get(), expected);
            assert_eq!(dispatcher.resolve(text), Some(index));
            assert_eq!(dispatcher.path(index), Some(&path(text)));
        }
    }

    #[test]
    fn a_second_insert_finds_the_first() {
        let mut dispatcher = Dispatcher::new();
        let first = dispatcher.insert(path("chat"));
        assert_eq!(dispatcher.insert(path("/chat")), first);
        assert_eq!(dispatcher.len(), 1);
    }

    #[test]
    fn names_are_exact_and_unknown_ones_leave_nothing() {
        let mut dispatcher = Dispatcher::new();
        dispatcher.insert(path("/chat"));
        for name in ["", "/", "chat", "/Chat", "/chat/", "/chat?x=1", "/chat,", "__proto__"] {
            assert_eq!(dispatcher.resolve(name), None, "{name}");
        }
        assert_eq!(dispatcher.len(), 1);
    }

    #[test]
    fn an_index_from_elsewhere_has_no_path() {
        let index = Dispatcher::new().insert(NamespacePath::root());
        assert_eq!(Dispatcher::new().path(index), None);
    }
}

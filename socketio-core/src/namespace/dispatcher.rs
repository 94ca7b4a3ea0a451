use std::collections::BTreeMap;
use std::fmt;

use super::{Captures, NamespacePath};

/// A table that resolves the name of a namespace, as a client sends it, to the index of that namespace or of the
/// pattern that matches it. An exact path takes precedence over patterns, and a pattern with literal text over one
/// with a path parameter in the same place.
///
/// Only the application adds namespaces: resolving an unknown name leaves nothing behind. The time is proportional to
/// the length of the name, which [`decode`](crate::packet::decode) bounds.
///
/// ```
/// use socketio_core::namespace::{Dispatcher, NamespacePath, Resolved};
///
/// let mut dispatcher = Dispatcher::new();
/// let root = dispatcher.insert(NamespacePath::root());
/// let order = dispatcher.insert_pattern("/orders/{id}".parse()?)?;
/// assert_eq!(dispatcher.resolve("/"), Some(Resolved::Path(root)));
/// assert_eq!(dispatcher.resolve("/random"), None);
/// let Some(Resolved::Pattern(index, captures)) = dispatcher.resolve("/orders/7") else { panic!("a match") };
/// assert_eq!((index, captures.get("id")), (order, Some("7")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Dispatcher {
    paths: Vec<NamespacePath>,
    patterns: matchit::Router<NamespaceIndex>,
    // Ordered, not hashed: clients choose the names that are looked up, and no set of names makes this slow.
    indices: BTreeMap<NamespacePath, NamespaceIndex>,
}

/// The index of a namespace in its [`Dispatcher`]: 0 for the first one, then 1, and so on, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceIndex(usize);

/// The result of resolving a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The namespace with this path.
    Path(NamespaceIndex),
    /// A namespace that matches this pattern, with the values of the path parameters.
    Pattern(NamespaceIndex, Captures),
}

/// The reason a pattern is invalid or conflicts with another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(Box<str>);

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// Creates a dispatcher without namespaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the namespace at `path` and returns its index. A path that already exists keeps its index.
    ///
    /// ```
    /// # use socketio_core::namespace::{Dispatcher, NamespacePath};
    /// let mut dispatcher = Dispatcher::new();
    /// let chat = dispatcher.insert("/chat".parse()?);
    /// assert_eq!(dispatcher.insert("/chat".parse()?), chat);
    /// assert_eq!(dispatcher.path(chat).map(NamespacePath::as_str), Some("/chat"));
    /// # Ok::<(), socketio_core::namespace::ParsePathError>(())
    /// ```
    pub fn insert(&mut self, path: NamespacePath) -> NamespaceIndex {
        *self.indices.entry(path).or_insert_with_key(|path| {
            self.paths.push(path.clone());
            NamespaceIndex(self.paths.len() - 1)
        })
    }

    /// Adds a pattern and returns its index. A pattern that already exists keeps its index. The path parameter `{id}`
    /// matches the text up to the next `/`; `{*rest}`, at the end, matches all of the rest. A literal brace is
    /// written twice.
    ///
    /// # Errors
    ///
    /// Returns an error if the pattern is invalid or conflicts with another one.
    ///
    /// ```
    /// # use socketio_core::namespace::{Dispatcher, Resolved};
    /// let mut dispatcher = Dispatcher::new();
    /// let files = dispatcher.insert_pattern("/files/{*path}".parse()?)?;
    /// let Some(Resolved::Pattern(index, captures)) = dispatcher.resolve("/files/a/b") else { panic!("a match") };
    /// assert_eq!((index, captures.get("path")), (files, Some("a/b")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_pattern(&mut self, pattern: NamespacePath) -> Result<NamespaceIndex, PatternError> {
        if let Some(index) = self.indices.get(&pattern) {
            return Ok(*index);
        }
        let index = NamespaceIndex(self.paths.len());
        self.patterns
            .insert(pattern.as_str(), index)
            .map_err(|error| PatternError(error.to_string().into()))?;
        self.paths.push(pattern.clone());
        self.indices.insert(pattern, index);
        Ok(index)
    }

    /// Removes the namespace or the pattern with this path and returns the index it had. Later ones move down by one,
    /// as in [`Vec::remove`].
    pub fn remove(&mut self, path: &str) -> Option<NamespaceIndex> {
        let removed = self.indices.remove(path)?;
        self.paths.remove(removed.0);
        self.patterns = matchit::Router::new();
        for (index, path) in self.paths.iter().enumerate().map(|(index, path)| (NamespaceIndex(index), path))
        {
            self.indices.insert(path.clone(), index);
            if Self::is_pattern(path) {
                // The remaining patterns did not conflict before.
                self.patterns.insert(path.as_str(), index).ok();
            }
        }
        Some(removed)
    }

    /// Returns `true` if a path is a pattern, that is, contains a brace.
    ///
    /// ```
    /// use socketio_core::namespace::Dispatcher;
    ///
    /// assert!(Dispatcher::is_pattern(&"/orders/{id}".parse()?));
    /// assert!(!Dispatcher::is_pattern(&"/orders".parse()?));
    /// # Ok::<(), socketio_core::namespace::ParsePathError>(())
    /// ```
    pub fn is_pattern(path: &NamespacePath) -> bool {
        path.as_str().contains(['{', '}'])
    }

    /// Resolves a name, which is compared literally, including the leading `/` that clients write.
    ///
    /// ```
    /// use socketio_core::namespace::{Dispatcher, Resolved};
    ///
    /// let mut dispatcher = Dispatcher::new();
    /// let chat = dispatcher.insert("/chat".parse()?);
    /// assert!(matches!(dispatcher.resolve("/chat"), Some(Resolved::Path(index)) if index == chat));
    /// assert!(dispatcher.resolve("/other").is_none());
    /// # Ok::<(), socketio_core::namespace::ParsePathError>(())
    /// ```
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        match self.indices.get_key_value(name) {
            Some((path, index)) if !Self::is_pattern(path) => return Some(Resolved::Path(*index)),
            _ => {}
        }
        let matched = self.patterns.at(name).ok()?;
        Some(Resolved::Pattern(*matched.value, Captures::new(matched.params.iter())))
    }

    /// Returns the path of a namespace, or `None` for an index of another dispatcher.
    pub fn path(&self, index: NamespaceIndex) -> Option<&NamespacePath> {
        self.paths.get(index.0)
    }

    /// Returns the number of namespaces and patterns, which is also the next index.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Returns `true` if there are no namespaces.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

impl NamespaceIndex {
    /// Returns the index as a number, for a table with one entry per namespace.
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
            assert_eq!(dispatcher.resolve(text), Some(Resolved::Path(index)));
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

    fn resolve(dispatcher: &Dispatcher, name: &str) -> Option<(usize, String)> {
        match dispatcher.resolve(name)? {
            Resolved::Path(index) => Some((index.get(), String::new())),
            Resolved::Pattern(index, captures) => Some((index.get(), format!("{captures:?}"))),
        }
    }

    #[test]
    fn a_path_wins_over_patterns() {
        let mut dispatcher = Dispatcher::new();
        for pattern in ["/orders/{id}", "/orders/{id}/items/{item}", "/files/{*path}", "/orders/open/{x}"] {
            dispatcher.insert_pattern(path(pattern)).expect("a pattern");
        }
        assert_eq!(dispatcher.insert(path("/orders/all")).get(), 4);
        let is = |name: &str, index: usize, captures: &str| {
            assert_eq!(resolve(&dispatcher, name), Some((index, captures.to_owned())), "{name}");
        };
        is("/orders/7", 0, r#"{"id": "7"}"#);
        is("/orders/%37 ☃", 0, r#"{"id": "%37 ☃"}"#);
        is("/orders/7/items/a", 1, r#"{"id": "7", "item": "a"}"#);
        is("/files/a/b/c", 2, r#"{"path": "a/b/c"}"#);
        is("/orders/open/1", 3, r#"{"x": "1"}"#);
        is("/orders/open", 0, r#"{"id": "open"}"#);
        is("/orders/all", 4, "");
        // A client cannot name a pattern; text that looks like one is a value.
        is("/orders/{id}", 0, r#"{"id": "{id}"}"#);
        for name in ["/orders", "/orders/", "/orders//", "/orders/7/", "/files/", "/files", "orders/7"] {
            assert_eq!(resolve(&dispatcher, name), None, "{name}");
        }
    }

    #[test]
    fn a_wrong_pattern_changes_nothing() {
        let mut dispatcher = Dispatcher::new();
        let index = dispatcher.insert_pattern(path("/a/{id}")).expect("a pattern");
        assert_eq!(dispatcher.insert_pattern(path("/a/{id}")), Ok(index));
        for wrong in ["/a/{other}", "/{", "/b/{}", "/{*all}/more", "/x}"] {
            let error = dispatcher.insert_pattern(path(wrong)).expect_err(wrong);
            assert!(!error.to_string().is_empty());
        }
        assert_eq!((dispatcher.len(), resolve(&dispatcher, "/a/1").map(|(index, _)| index)), (1, Some(0)));
    }

    #[test]
    fn what_is_removed_leaves_no_hole() {
        let mut dispatcher = Dispatcher::new();
        dispatcher.insert(NamespacePath::root());
        dispatcher.insert_pattern(path("/orders/{id}")).expect("a pattern");
        dispatcher.insert(path("/orders/all"));
        dispatcher.insert_pattern(path("/files/{*path}")).expect("a pattern");
        assert_eq!(dispatcher.remove("/orders/7"), None, "matched, but not defined");
        assert_eq!(dispatcher.remove("/orders/{id}").map(NamespaceIndex::get), Some(1));
        assert_eq!(resolve(&dispatcher, "/orders/7"), None);
        assert_eq!(resolve(&dispatcher, "/orders/all"), Some((1, String::new())));
        assert_eq!(resolve(&dispatcher, "/files/a").map(|(index, _)| index), Some(2));
        assert_eq!((dispatcher.len(), dispatcher.remove("/orders/{id}")), (3, None));
        // A pattern that would have conflicted with it can be added now.
        assert_eq!(dispatcher.insert_pattern(path("/orders/{number}")).map(NamespaceIndex::get), Ok(3));
        assert_eq!(dispatcher.remove("/orders/all").map(NamespaceIndex::get), Some(1));
        assert_eq!(resolve(&dispatcher, "/orders/all"), Some((2, r#"{"number": "all"}"#.to_owned())));
    }

    /// This would take minutes in quadratic time.
    #[test]
    fn hostile_names_are_resolved() {
        let mut dispatcher = Dispatcher::new();
        for pattern in ["/{a}/x", "/{a}/{b}/y", "/{a}/{b}/{c}/z", "/a/{*rest}"] {
            dispatcher.insert_pattern(path(pattern)).expect("a pattern");
        }
        for name in ["/".repeat(512), "/a".repeat(256), format!("/{}", "{".repeat(500)), "/x/y/z/".repeat(70)]
        {
            (0..1000).for_each(|_| drop(dispatcher.resolve(&name)));
        }
    }

    #[test]
    fn an_index_from_elsewhere_has_no_path() {
        let index = Dispatcher::new().insert(NamespacePath::root());
        assert_eq!(Dispatcher::new().path(index), None);
    }
}

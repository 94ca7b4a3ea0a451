use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of the events that a namespace handles, each with a dense index.
///
/// A table of handlers is then a plain list, and an incoming event is resolved once.
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

/// The place of an event in its [`EventNames`]: 0 for the first one inserted, then 1, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventIndex(usize);

/// A name that stands for an event of the socket itself, so that no packet may carry it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event name {0:?} is reserved by Socket.IO")]
#[non_exhaustive]
pub struct ReservedName(pub Box<str>);

/// Whether Socket.IO keeps this event name for itself.
///
/// Such a name is refused in a handler's registration, in an emit and in an incoming packet.
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
    /// A table without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event; one that is there already keeps its index.
    ///
    /// # Errors
    ///
    /// The name [is reserved](is_reserved).
    pub fn insert(&mut self, name: &str) -> Result<EventIndex, ReservedName> {
        if is_reserved(name) {
            return Err(ReservedName(name.into()));
        }
        if let Some(known) = self.get(name) {
            return Ok(known);
        }
        let index = EventIndex(self.names.len());
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.indices.insert(name, index);
        Ok(index)
    }

    /// The event of this name.
    pub fn get(&self, name: &str) -> Option<EventIndex> {
        if self.names.len() <= FEW {
            self.names.iter().position(|known| **known == *name).map(EventIndex)
        } else {
            self.indices.get(name).copied()
        }
    }

    /// The name of an event, or `None` for an index of another table.
    pub fn name(&self, index: EventIndex) -> Option<&str> {
        self.names.get(index.0).map(AsRef::as_ref)
    }

    /// The names, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The number of events, which is also the next index.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl EventIndex {
    /// The index, for a table with one entry per event.
    pub fn get(self) -> usize {
        self.0
    }
}

/// Up to here a walk along the names is the faster search: most fall at their length, and the rest at one
/// comparison. Measured for 4, 8, 16 and 64 names: 3, 4, 6 and 19 ns, where the tree takes 7, 16, 12 and 18.
const FEW: usize = 16;

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

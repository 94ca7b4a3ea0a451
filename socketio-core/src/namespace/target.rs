use std::fmt;

use crate::SocketId;

/// The selection of the members of a namespace that a broadcast is sent to.
///
/// Rooms may be of any text type. The id of a member names the room of that member.
///
/// ```
/// use socketio_core::SocketId;
/// use socketio_core::namespace::Target;
///
/// let sender = SocketId::from_entropy([1; 15]);
/// let everyone_else = Target::everyone().without(sender);
/// let some = Target::rooms(&["lobby", "hall"]).except(&["muted"]).without(sender);
/// # let _ = (everyone_else, some);
/// ```
#[must_use = "a target has no effect until it is passed to `Rooms::select`"]
pub struct Target<'a, R = &'static str, X = &'static str> {
    pub(crate) rooms: &'a [R],
    pub(crate) except: &'a [X],
    pub(crate) without: Option<SocketId>,
}

impl Target<'_> {
    /// Selects every member of the namespace.
    pub fn everyone() -> Self {
        Self { rooms: &[], except: &[], without: None }
    }
}

impl<'a, R: AsRef<str>> Target<'a, R> {
    /// Selects the members that are in at least one of these rooms, or every member if `rooms` is empty.
    pub fn rooms(rooms: &'a [R]) -> Self {
        Self { rooms, except: &[], without: None }
    }
}

impl<'a, R, X> Target<'a, R, X> {
    /// Excludes the members that are in any of these rooms. Replaces rooms excluded before.
    pub fn except<Y: AsRef<str>>(self, except: &'a [Y]) -> Target<'a, R, Y> {
        Target { rooms: self.rooms, except, without: self.without }
    }

    /// Excludes one member, usually the sender, in addition to the excluded rooms. Replaces a member excluded before.
    pub fn without(mut self, id: SocketId) -> Self {
        self.without = Some(id);
        self
    }
}

impl<R: AsRef<str>, X: AsRef<str>> fmt::Debug for Target<'_, R, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, except, without } = self;
        f.debug_struct("Target")
            .field("rooms", &Vec::from_iter(rooms.iter().map(AsRef::as_ref)))
            .field("except", &Vec::from_iter(except.iter().map(AsRef::as_ref)))
            .field("without", without)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_the_rooms() {
        let except = [String::from("b")];
        let target = Target::rooms(&["a"]).except(&except);
        assert_eq!(format!("{target:?}"), r#"Target { rooms: ["a"], except: ["b"], without: None }"#);
    }
}

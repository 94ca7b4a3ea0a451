//! Namespaces: their paths, the names of their events, their rooms.

mod path;
pub use path::{NamespacePath, ParsePathError};

mod dispatcher;
pub use dispatcher::{Dispatcher, NamespaceIndex, PatternError, Resolved};

mod captures;
pub use captures::Captures;

mod events;
pub use events::{EventIndex, EventNames, ReservedName, is_reserved};

mod rooms;
pub use rooms::Rooms;

mod members;
pub use members::MemberKey;

mod target;
pub use target::Target;

mod interner;

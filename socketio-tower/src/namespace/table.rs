use std::fmt;
use std::sync::Arc;

use socketio_core::namespace::{EventIndex, EventNames};

use super::instance::MakeInstance;
use super::room_events::RoomHook;
use crate::filter::{EventPolicy, Filter, Listener};
use crate::handler::{
    BoxHandler, ConnectContext, ConnectError, DisconnectContext, ErrorHook, EventContext, Outcome,
    Requirements,
};

/// The handlers of a namespace. A socket keeps to the table that stood when it connected.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub(super) names: EventNames,
    pub(super) events: Vec<Arc<EventHandler>>,
    pub(super) fallback: Option<Arc<EventHandler>>,
    pub(super) middlewares: Vec<Arc<Middleware>>,
    pub(super) connect: Option<Arc<BoxHandler<ConnectContext, Outcome>>>,
    pub(super) disconnect: Option<Arc<BoxHandler<DisconnectContext, Outcome>>>,
    pub(super) policy: Option<EventPolicy>,
    pub(super) filters: Vec<Filter>,
    pub(super) outgoing: Vec<Listener>,
    pub(super) rooms: Vec<RoomHook>,
    pub(super) error: Option<ErrorHook>,
    pub(super) concurrency: Option<usize>,
    pub(super) requirements: Requirements,
    /// For the values of which every socket has its own.
    pub(super) instances: Vec<Arc<MakeInstance>>,
}

pub(crate) type EventHandler = BoxHandler<EventContext, Outcome>;
pub(crate) type Middleware = BoxHandler<ConnectContext, Result<(), ConnectError>>;

impl Table {
    /// The handler of an event, and by which index its name is known.
    pub(crate) fn event(&self, name: &str) -> Option<(EventIndex, &EventHandler)> {
        let index = self.names.get(name)?;
        Some((index, &self.events[index.get()]))
    }

    pub(crate) fn event_name(&self, index: EventIndex) -> Option<&str> {
        self.names.name(index)
    }

    /// The handler of events that have no other.
    pub(crate) fn fallback(&self) -> Option<&EventHandler> {
        self.fallback.as_deref()
    }

    pub(crate) fn middlewares(&self) -> &[Arc<Middleware>] {
        &self.middlewares
    }

    pub(crate) fn connect(&self) -> Option<&BoxHandler<ConnectContext, Outcome>> {
        self.connect.as_deref()
    }

    pub(crate) fn disconnect(&self) -> Option<&BoxHandler<DisconnectContext, Outcome>> {
        self.disconnect.as_deref()
    }

    /// Whether every event goes on to its handler.
    pub(crate) fn is_open(&self) -> bool {
        self.filters.is_empty() && self.policy.as_ref().is_none_or(EventPolicy::is_open)
    }

    /// Which events a socket may receive, unless it has a policy of its own.
    pub(crate) fn policy(&self) -> &EventPolicy {
        const OPEN: &EventPolicy = &EventPolicy::all();
        self.policy.as_ref().unwrap_or(OPEN)
    }

    /// What decides on an event before its handlers, in order.
    pub(crate) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Who is told of what is sent.
    pub(crate) fn outgoing(&self) -> &[Listener] {
        &self.outgoing
    }

    pub(super) fn listens_to_rooms(&self) -> bool {
        !self.rooms.is_empty()
    }

    /// Who is told of what happens to rooms.
    pub(super) fn room_hooks(&self) -> &[RoomHook] {
        &self.rooms
    }

    pub(crate) fn error_hook(&self) -> Option<&ErrorHook> {
        self.error.as_ref()
    }

    /// How many handlers of one socket may wait at once, if the namespace says so.
    pub(crate) fn concurrency(&self) -> Option<usize> {
        self.concurrency
    }

    pub(crate) fn requirements(&self) -> &Requirements {
        &self.requirements
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("events", &self.names).finish_non_exhaustive()
    }
}

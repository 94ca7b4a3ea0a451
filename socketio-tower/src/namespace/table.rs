use std::any::Any;
#[cfg(feature = "cluster")]
use std::collections::{BTreeMap, btree_map::Entry};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use socketio_core::namespace::{EventIndex, EventNames};
use socketio_core::packet::Event;

use super::RoomEvent;
use crate::filter::{EventPolicy, Verdict};
#[cfg(feature = "cluster")]
use crate::handler::ServerContext;
use crate::handler::{
    AsyncFilter, BoxHandler, ConnectContext, ConnectError, DisconnectContext, ErrorHook, EventContext,
    Outcome, Requirements,
};
use crate::socket::Socket;

/// The handlers of a namespace. A socket keeps the table that was current when it connected.
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
    /// The handlers of events of other nodes.
    #[cfg(feature = "cluster")]
    pub(super) server_events: BTreeMap<String, Arc<ServerEventHandler>>,
    /// The constructors of the values that each socket has separately.
    pub(super) instances: Vec<(InstanceId, Arc<MakeInstance>)>,
}

/// The id of a value that each socket has separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InstanceId(u64);

impl InstanceId {
    /// Returns an id that has not been used before.
    pub(super) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// A constructor of a socket's separate value.
pub(super) type MakeInstance = dyn Fn(&Socket) -> AnyInstance + Send + Sync;

pub(super) type AnyInstance = Arc<dyn Any + Send + Sync>;

type SyncFilter = dyn Fn(&Socket, &Event) -> Verdict + Send + Sync;

/// A filter of the events that a client sends.
#[derive(Clone)]
pub(crate) enum Filter {
    Now(Arc<SyncFilter>),
    Later(Arc<AsyncFilter>),
}

/// A hook for the events that are sent to a client.
pub(crate) type Listener = Arc<dyn Fn(&Socket, &Event) + Send + Sync>;

/// A hook for events of rooms.
pub(super) type RoomHook = Arc<dyn Fn(&RoomEvent) + Send + Sync>;

/// Returns the call that sets the handler of an event, for setup errors.
pub(crate) fn on(event: &str) -> String {
    format!("on({event:?}, …)")
}

#[cfg(feature = "cluster")]
pub(crate) type ServerEventHandler = BoxHandler<ServerContext, Outcome>;

/// Returns the call that sets the handler of an event of other nodes, for setup errors.
#[cfg(feature = "cluster")]
pub(super) fn on_server_event(event: &str) -> String {
    format!("on_server_event({event:?}, …)")
}

pub(crate) type EventHandler = BoxHandler<EventContext, Outcome>;
pub(crate) type Middleware = BoxHandler<ConnectContext, Result<(), ConnectError>>;

impl Table {
    /// Adds another definition. Handlers and settings that both have and that can be set only once are kept here and
    /// left in `other`. Returns the methods that set them.
    pub(super) fn merge(&mut self, other: &mut Self) -> Vec<String> {
        let mut duplicates = Vec::new();
        let mut rest = Vec::new();
        let events = std::mem::take(&mut other.events);
        for (name, handler) in other.names.iter().zip(events) {
            match self.names.insert(name) {
                Ok(place) if place.get() == self.events.len() => self.events.push(handler),
                _ => {
                    duplicates.push(on(name));
                    rest.push(handler);
                }
            }
        }
        other.events = rest;
        let mut set = |method: &str, is_free: bool| {
            if !is_free {
                duplicates.push(format!("{method}(…)"));
            }
        };
        set("fallback", merge_one(&mut self.fallback, &mut other.fallback));
        set("on_connect", merge_one(&mut self.connect, &mut other.connect));
        set("on_disconnect", merge_one(&mut self.disconnect, &mut other.disconnect));
        set("policy", merge_one(&mut self.policy, &mut other.policy));
        set("on_error", merge_one(&mut self.error, &mut other.error));
        set("concurrency", merge_one(&mut self.concurrency, &mut other.concurrency));
        #[cfg(feature = "cluster")]
        duplicates.extend(self.merge_server_events(other));
        self.middlewares.append(&mut other.middlewares);
        self.filters.append(&mut other.filters);
        self.outgoing.append(&mut other.outgoing);
        self.rooms.append(&mut other.rooms);
        self.instances.append(&mut other.instances);
        self.requirements.add(std::mem::take(&mut other.requirements));
        duplicates
    }

    /// Adds the handlers of another definition for events of other nodes. Returns the methods of duplicates, whose
    /// handlers are left in `other`.
    #[cfg(feature = "cluster")]
    fn merge_server_events(&mut self, other: &mut Self) -> Vec<String> {
        let mut duplicates = Vec::new();
        for (name, handler) in std::mem::take(&mut other.server_events) {
            match self.server_events.entry(name) {
                Entry::Vacant(place) => _ = place.insert(handler),
                Entry::Occupied(place) => {
                    duplicates.push(on_server_event(place.key()));
                    other.server_events.insert(place.key().clone(), handler);
                }
            }
        }
        duplicates
    }

    /// Returns the handler of an event of another node.
    #[cfg(feature = "cluster")]
    pub(crate) fn server_event(&self, name: &str) -> Option<&Arc<ServerEventHandler>> {
        self.server_events.get(name)
    }

    /// Returns the handler of an event and the index of its name.
    pub(crate) fn event(&self, name: &str) -> Option<(EventIndex, &EventHandler)> {
        let index = self.names.get(name)?;
        Some((index, &self.events[index.get()]))
    }

    pub(crate) fn event_name(&self, index: EventIndex) -> Option<&str> {
        self.names.name(index)
    }

    /// Returns the handler of events that have no other handler.
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

    /// Returns `true` if every event is passed to its handler.
    pub(crate) fn is_open(&self) -> bool {
        self.filters.is_empty() && self.policy.as_ref().is_none_or(EventPolicy::is_open)
    }

    /// Returns the policy of sockets that have not changed it.
    pub(crate) fn policy(&self) -> &EventPolicy {
        const OPEN: &EventPolicy = &EventPolicy::all();
        self.policy.as_ref().unwrap_or(OPEN)
    }

    /// Returns the filters, in order.
    pub(crate) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Returns the listeners for emitted events.
    pub(crate) fn outgoing(&self) -> &[Listener] {
        &self.outgoing
    }

    pub(super) fn listens_to_rooms(&self) -> bool {
        !self.rooms.is_empty()
    }

    /// Returns the hooks for events of rooms.
    pub(super) fn room_hooks(&self) -> &[RoomHook] {
        &self.rooms
    }

    pub(crate) fn error_hook(&self) -> Option<&ErrorHook> {
        self.error.as_ref()
    }

    /// Returns the maximum number of pending handlers per socket, if the namespace sets it.
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

/// Moves a value into an empty place. Returns `false` and leaves both if the place is taken.
fn merge_one<T>(place: &mut Option<T>, other: &mut Option<T>) -> bool {
    if place.is_none() {
        *place = other.take();
    }
    other.is_none()
}

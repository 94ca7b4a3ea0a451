use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::NamespaceBuilder;
use super::table::on_server_event;
use crate::error::SetupError;
use crate::handler::{BoxHandler, EventReply, Handler, ServerContext};

/// Names that Node's `serverSideEmit` refuses, beside those that are reserved for all events.
const RESERVED: [&str; 2] = ["connection", "new_namespace"];

/// Returns `true` if nodes cannot send each other events with this name.
pub(crate) fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event) || socketio_core::namespace::is_reserved(event)
}

/// Events of other nodes.
impl NamespaceBuilder {
    /// Registers a handler for an event that other nodes of the [cluster](crate::SocketIo::join_cluster) send with
    /// [`server_side_emit`](crate::SocketIo::server_side_emit), or Node servers with `serverSideEmit`. Its return value
    /// answers [`server_side_emit_with_ack`](crate::SocketIo::server_side_emit_with_ack).
    ///
    /// There is no socket: the arguments of the handler may be [`Data`](crate::Data), [`Args`](crate::Args),
    /// [`Event`](crate::Event), [`State`](crate::extract::State), [`Path`](crate::extract::Path) and
    /// [`NamespaceHandle`](crate::NamespaceHandle).
    ///
    /// Handlers are called in the order of arrival. One that awaits does not delay those of later events; at most 64 are
    /// suspended at once, and further events wait. The names `connection` and `new_namespace` are reserved, and those that are
    /// for [events of clients](Self::on).
    /// Errors and panics are reported to [`on_cluster`](crate::SocketIoBuilder::on_cluster).
    ///
    /// ```
    /// use socketio_tower::{Data, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// let server = io.clone();
    /// io.of("/", |ns| {
    ///     ns.on_server_event("sessions?", async move || server.sessions() as u32);
    ///     ns.on_server_event("reload", async |Data(what): Data<String>| println!("reload {what}"));
    /// });
    /// ```
    pub fn on_server_event<H, M>(&mut self, event: &str, handler: H)
    where
        H: Handler<ServerContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        if is_reserved(event) {
            self.errors.push(SetupError::ReservedEvent(event.to_owned()));
            return;
        }
        match self.table.server_events.entry(event.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(Arc::new(BoxHandler::event(handler)));
                self.require(&on_server_event(event), H::require);
            }
            Entry::Occupied(_) => self.set_twice(on_server_event(event)),
        }
    }
}

use std::fmt;
use std::sync::Arc;

use socketio_core::namespace::EventNames;

use crate::handler::{
    BoxHandler, ConnectContext, ConnectError, DisconnectContext, EventContext, HandlerError, Outcome,
    Requirements,
};
use crate::socket::Socket;

/// The handlers of a namespace. A socket keeps to the table that stood when it connected.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub(super) names: EventNames,
    pub(super) events: Vec<Arc<BoxHandler<EventContext, Outcome>>>,
    pub(super) middlewares: Vec<Arc<Middleware>>,
    pub(super) connect: Option<Arc<BoxHandler<ConnectContext, Outcome>>>,
    pub(super) disconnect: Option<Arc<BoxHandler<DisconnectContext, Outcome>>>,
    pub(super) error: Option<Arc<ErrorHook>>,
    pub(super) requirements: Requirements,
}

pub(crate) type Middleware = BoxHandler<ConnectContext, Result<(), ConnectError>>;
pub(super) type ErrorHook = dyn Fn(&Socket, &HandlerError) + Send + Sync;

impl Table {
    pub(crate) fn event(&self, name: &str) -> Option<&BoxHandler<EventContext, Outcome>> {
        Some(&self.events[self.names.get(name)?.get()])
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

    pub(crate) fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// Tells the application that something was not handled.
    pub(crate) fn error(&self, socket: &Socket, error: &HandlerError) {
        crate::trace::handler_failed(socket, error);
        if let Some(hook) = &self.error {
            hook(socket, error);
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("events", &self.names).finish_non_exhaustive()
    }
}

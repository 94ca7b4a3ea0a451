//! Handlers: async functions whose argument types determine the values passed to them.

pub(crate) mod context;
pub(crate) use context::{ConnectContext, Context, DisconnectContext, EventContext, Occasion};

pub(crate) mod extract;
pub(crate) use extract::{Extract, ExtractError, Requirements};

#[cfg(feature = "cluster")]
mod server;
#[cfg(feature = "cluster")]
pub use server::ServerContext;

mod reply;
pub(crate) use reply::BoxError;
pub use reply::{ConnectReply, EventReply, FilterReply, HandlerError, NoReply, Reply};

pub(crate) mod connect_error;
pub(crate) use connect_error::ConnectError;

mod error;
pub use error::{Cause, ErrorContext};
pub(crate) use error::{ErrorHook, Failure};

mod erased;
pub(crate) use erased::{AsyncFilter, BoxFuture, BoxHandler, Judged, Outcome};

mod function;
pub(crate) use function::Seal;
pub use function::{Arguments, Asynchronous, Function, Handler};

pub use crate::namespace::method::{Bound, BoundArguments};

pub use crate::limit::Limit;
pub use socketio_core::ProtocolViolation;
pub use socketio_core::packet::{AssembleError, DecodeError};

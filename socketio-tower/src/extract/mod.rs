//! Extractors: the types that a handler can take as arguments, and the trait to define more.
//!
//! | argument | available on | value |
//! |---|---|---|
//! | [`Socket`], [`Client`] | connect, event, disconnect | the socket, and the client it shares with sockets on other namespaces |
//! | [`State`], [`Extension`] | connect, event, disconnect | a value of the server, or of the socket |
//! | [`Query`], [`Path`] | connect, event, disconnect | the query of the request that opened the session, the path parameters of the namespace |
//! | [`Auth`] | connect | the `auth` of the client |
//! | [`Data`], [`Args`] | event | the first argument, or several |
//! | [`Event`], [`Ack`] | event | the whole event, the handle to acknowledge it |
//! | [`DisconnectReason`](crate::DisconnectReason), [`Rooms`] | disconnect | the reason, the rooms the socket was in |
//!
//! Some extractors have the names of axum's. In a file that uses both, import the module: `extract::State`.

mod ack;
pub use ack::Ack;

mod auth;
pub use auth::Auth;

mod data;
pub use data::Data;

mod disconnect;
pub use disconnect::Rooms;

mod state;
pub use state::State;

mod extension;
pub use extension::Extension;

mod path;
pub use path::Path;

mod query;
pub use query::Query;

use serde::de::DeserializeOwned;
use socketio_core::packet::{Args, Event};

#[cfg(feature = "cluster")]
pub use crate::handler::ServerContext;
pub use crate::handler::context::{ConnectContext, Context, DisconnectContext, EventContext, Occasion};
pub use crate::handler::extract::{Extract, ExtractError, Requirements};
use crate::socket::{Client, Socket};

impl<C: Context> Extract<C> for Socket {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        Ok(context.socket().clone())
    }
}

/// Extracts the argument or the error, for handlers that report extraction errors themselves.
///
/// ```
/// use socketio_tower::extract::ExtractError;
/// use socketio_tower::{Data, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("age", async |age: Result<Data<u8>, ExtractError>| match age {
///         Ok(Data(age)) => format!("you are {age}"),
///         Err(error) => format!("invalid age: {error}"),
///     });
/// });
/// ```
impl<C: Occasion, T: Extract<C>> Extract<C> for Result<T, ExtractError> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        Ok(T::extract(context))
    }

    fn require(requirements: &mut Requirements) {
        T::require(requirements);
    }
}

impl<C: Context> Extract<C> for Client {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        Ok(context.socket().client())
    }
}

/// Extracts the event: its name and its unparsed arguments, which can be sent on as they are.
impl Extract<EventContext> for Event {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        Ok(context.event.clone())
    }
}

#[cfg(feature = "cluster")]
impl Extract<ServerContext> for Event {
    fn extract(context: &mut ServerContext) -> Result<Self, ExtractError> {
        Ok(context.event.clone())
    }
}

#[cfg(feature = "cluster")]
impl<T: DeserializeOwned> Extract<ServerContext> for Args<T> {
    fn extract(context: &mut ServerContext) -> Result<Self, ExtractError> {
        context.event.args().all().map(Args).map_err(ExtractError::new)
    }
}

/// Extracts all arguments of the event: a tuple for a fixed number, a `Vec` for any number.
impl<T: DeserializeOwned> Extract<EventContext> for Args<T> {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        context.event.args().all().map(Args).map_err(ExtractError::new)
    }

    fn require(requirements: &mut Requirements) {
        requirements.arguments();
    }
}

//! Extractors: the types that a handler can ask for as arguments, and the trait to write more of them.
//!
//! | argument | on | value |
//! |---|---|---|
//! | [`Socket`](crate::Socket), [`Client`](crate::Client) | connect, event, disconnect | the socket, and the connection it shares with others |
//! | [`State`], [`Extension`] | connect, event, disconnect | a value of the server, or of the socket |
//! | [`Query`], [`Path`] | connect, event, disconnect | the query of the session's first request, the path parameters of the namespace |
//! | [`Auth`] | connect | the `auth` of the client |
//! | [`Data`], [`Args`](crate::Args) | event | the first argument, or several |
//! | [`Event`](crate::Event), [`Ack`] | event | the whole event, the right to answer |
//! | [`DisconnectReason`](crate::DisconnectReason), [`Rooms`] | disconnect | the reason, the rooms the socket was in |
//!
//! Some have the names of axum's extractors. In a file that uses both, import the module: `extract::State`.

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

pub use crate::handler::context::{ConnectContext, Context, DisconnectContext, EventContext};
pub use crate::handler::extract::{Extract, ExtractError, Requirements};
use crate::socket::{Client, Socket};

impl<C: Context> Extract<C> for Socket {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        Ok(context.socket().clone())
    }
}

/// The argument, or why it could not be extracted, for handlers that want to say so themselves.
impl<C: Context, T: Extract<C>> Extract<C> for Result<T, ExtractError> {
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

/// The event itself: its name, and its arguments as JSON and attachments, which can be sent on unparsed.
impl Extract<EventContext> for Event {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        Ok(context.event.clone())
    }
}

/// All arguments of the event: a tuple for a fixed number, a `Vec` for any.
impl<T: DeserializeOwned> Extract<EventContext> for Args<T> {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        context.event.args().all().map(Args).map_err(ExtractError::new)
    }

    fn require(requirements: &mut Requirements) {
        requirements.arguments();
    }
}

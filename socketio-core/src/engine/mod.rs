//! Engine.IO: the session of one client, independent of its transport.

mod request;
pub use request::{BadRequest, Head, Open, Poll, Post, Request, RequestError, Upgrade};

mod query;
pub use query::parameter;
#[cfg(feature = "client")]
pub(crate) use query::request_query;

mod session;
pub(crate) use session::Received;
pub use session::Session;

mod transmit;
pub use transmit::{Response, Transmit};

mod event;
pub use event::SessionEvent;

pub use crate::codec::Control;
pub(crate) use crate::codec::{Malformed, Packet};

mod payload;
#[cfg(feature = "client")]
pub(crate) use payload::{read_payload, take_body};

mod outbox;
#[cfg(feature = "client")]
pub(crate) use outbox::Outbox;

mod heartbeat;
mod upgrade;

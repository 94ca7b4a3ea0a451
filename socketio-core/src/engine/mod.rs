//! Engine.IO: one session of one client over whatever transport it has.

mod request;
pub use request::{BadRequest, Head, Open, Poll, Post, Request, RequestError, Upgrade};

mod session;
pub(crate) use session::Received;
pub use session::Session;

mod transmit;
pub use transmit::{Response, Transmit};

mod event;
pub use event::Event;

mod heartbeat;
mod open;
mod outbox;
mod packet;
mod payload;
mod upgrade;

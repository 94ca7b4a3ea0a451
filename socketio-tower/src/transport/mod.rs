//! What carries messages between a client and its session.
//!
//! ```text
//!            WebSocket<S>                 one WebSocket, polled by the one task of its session
//!           /       \
//!      Inbound     Outbound          bytes -> messages; packets and control frames -> bytes
//!           \       /
//!            Scratch                 the buffer of the thread, lent for one call
//! ```
//!
//! Frames that are whole messages are read here, those that leave are made by `socketio-core`; for the rest of
//! RFC 6455 there is tungstenite. A session that is idle holds no buffer in either direction.

mod frame;
mod inbound;
mod outbound;
mod scratch;

mod error;
pub(crate) use error::ReadError;

mod websocket;
use websocket::WebSocket;

mod io;
pub(crate) use io::ByteStream;

mod stream;
pub(crate) use stream::{MessageStream, PendingStream};

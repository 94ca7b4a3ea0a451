//! The transport of messages between a client and its session.
//!
//! ```text
//!            WebSocket<S>                 one WebSocket, polled by its session's task
//!           /       \
//!      Inbound     Outbound          bytes -> messages; packets and control frames -> bytes
//!           \       /
//!            Scratch                 the buffer of the thread, borrowed for one call
//! ```
//!
//! Frames that contain whole messages are read here, and outgoing packets are framed by `socketio-core`. tungstenite
//! handles the rest of RFC 6455. An idle session holds no buffers in either direction.

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

//! What carries messages between a client and its session.
//!
//! ```text
//!            Wire<S>                 one WebSocket, polled by the one task of its session
//!           /       \
//!      Inbound     Outbound          bytes -> messages; packets and control frames -> bytes
//!           \       /
//!            Scratch                 the buffer of the thread, lent for one call
//! ```
//!
//! tungstenite speaks RFC 6455; what stands here is the IO below it. A session that is idle holds no
//! buffer in either direction.

mod inbound;
mod outbound;
mod scratch;

mod wire;
pub(crate) use inbound::ReadError;
pub(crate) use wire::Wire;

mod stream;
pub(crate) use stream::{Carrier, Stream};

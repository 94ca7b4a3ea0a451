//! The arguments of events and acks: values that are sent, and values as they were received.
//!
//! The types that most handlers need are at the root of the crate too. The traits are for functions that take any argument:
//!
//! ```
//! use socketio_tower::args::ToArgs;
//! use socketio_tower::{EmitError, SocketIo};
//!
//! /// Sends a notice to all sockets of a user.
//! fn notify<T: ToArgs + ?Sized>(io: &SocketIo, user: u64, notice: &T) -> Result<(), EmitError> {
//!     io.to(format!("user {user}")).emit("notice", notice).ok()
//! }
//! # notify(&SocketIo::new(), 7, "hi").unwrap();
//! ```

pub use socketio_core::packet::{
    Args, ArgsError, ArgsWriter, DeserializeError, FromArgs, NoArgs, Number, RawArgs, RawJson,
    SerializeError, ToArgs, Value,
};

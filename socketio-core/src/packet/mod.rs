//! Socket.IO packets, and how they are read and written.
//!
//! Reading has two steps. [`decode`] parses and fully validates a packet, borrowing from its text. [`RawArgs`] keeps
//! the arguments as JSON until they are deserialized into a type. Writing has one: an [`Encoder`] serializes values
//! directly into the frames to be sent.

mod decode;
pub use decode::{DecodeError, EventHead, EventName, Packet, PacketKind, decode};

pub(crate) use decode::{Kind, Unchecked};

mod event;
pub use event::Event;

mod raw_args;
pub use raw_args::{ArgsError, RawArgs};

mod args;
pub use args::{Args, ArgsWriter, FromArgs, NoArgs, ToArgs};

mod raw_json;
pub use raw_json::RawJson;

mod json_error;
pub use json_error::{DeserializeError, SerializeError};

mod value;
pub use value::{Number, Value};

mod assembler;
pub(crate) use assembler::Incomplete;
pub use assembler::{AssembleError, Assembler};

mod encode;
pub(crate) use encode::MESSAGE;
pub use encode::{EncodeError, Encoder};

mod arguments;
pub use arguments::from_json;

mod cursor;
#[cfg(feature = "cluster")]
pub(crate) use cursor::{Cursor, Quoted};

mod known;
mod plain;
pub(crate) use plain::plain_prefix;
#[cfg(feature = "cluster")]
pub(crate) use plain::short_plain_prefix;

mod placeholders;
pub(crate) use placeholders::placeholders_are_valid;
#[cfg(feature = "cluster")]
pub(crate) use placeholders::{Placeholders, take_placeholder};

mod reader;

/// The id of an ack, chosen by the side that requests the ack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckId(pub u64);

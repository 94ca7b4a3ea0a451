//! Socket.IO packets: what they say, how they are read and written.
//!
//! Reading is done in two steps. [`decode`] looks at a packet once, borrows from its text and leaves
//! nothing unchecked; [`RawArgs`] keeps the arguments as JSON until somebody says of which type they are.
//! Writing is done in one: an [`Encoder`] serializes values straight into the frames that leave.

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
pub use assembler::{AssembleError, Assembler};

mod encode;
pub(crate) use encode::MESSAGE;
pub use encode::{EncodeError, Encoder};

mod arguments;
pub use arguments::from_json;

mod cursor;
mod placeholders;
pub(crate) use placeholders::placeholders_are_valid;

mod reader;

/// The id under which an answer is awaited, counted by whoever awaits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckId(pub u64);

//! MessagePack, as far as Node's adapters use it: <https://github.com/msgpack/msgpack/blob/master/spec.md>.

mod writer;
pub(super) use writer::MsgPack;

mod reader;
pub(super) use reader::{Reader, Token};

mod to_json;
pub(super) use to_json::{Binary, append_json, key_text};

mod date;

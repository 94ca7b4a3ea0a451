//! JSON, with the bounds of messages.

mod writer;
pub(super) use writer::{Json, check_depth};

mod scanner;
pub(super) use scanner::Scanner;

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// The public data of a socket.
pub(super) type Shown = Arc<dyn Show>;

pub(super) trait Show: Any + Send + Sync {
    fn to_json(&self) -> Option<Box<RawValue>>;
}

impl<T: Serialize + Send + Sync + 'static> Show for T {
    fn to_json(&self) -> Option<Box<RawValue>> {
        to_raw_value(self).ok()
    }
}

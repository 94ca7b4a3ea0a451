//! The locks and atomics of the types that have models: those of the standard library, and those of loom when the models
//! run. See "Models of threads" in docs/testing.md.

#[cfg(not(all(test, socketio_loom)))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(all(test, socketio_loom))]
pub(crate) use loom::sync::{Mutex, MutexGuard};

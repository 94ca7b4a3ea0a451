//! The locks and atomics of the types that have loom models: those of the standard library, or those of loom when the
//! models run. See "Models of threads" in docs/testing.md.

#[cfg(not(all(test, socketio_loom)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8};
#[cfg(not(all(test, socketio_loom)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
#[cfg(not(all(test, socketio_loom)))]
pub(crate) use std::thread_local;

#[cfg(all(test, socketio_loom))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8};
#[cfg(all(test, socketio_loom))]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(all(test, socketio_loom))]
pub(crate) use loom::thread_local;

#[cfg(all(test, socketio_loom))]
mod once_lock;
#[cfg(all(test, socketio_loom))]
pub(crate) use once_lock::OnceLock;

//! The memory cost of messages and sessions. The counts are exact: a test that fails after a change shows either that a
//! path allocates more, or that its figure can be lowered.
//!
//! Everything runs on the test's own thread, whose allocations are counted separately from those of other tests.

mod client;
mod cluster;
mod core;
mod flood;
mod heap;
mod memory;
mod pipe;
mod server;
mod sizes;
mod tower;

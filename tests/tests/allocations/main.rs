//! What messages and sessions cost in memory. The counts are exact: a test that fails after a change says either
//! that a path allocates more, or that its figure can be lowered.
//!
//! Everything runs on the test's own thread, whose allocations are counted apart from those of other tests.

mod client;
mod core;
mod flood;
mod heap;
mod memory;
mod pipe;
mod server;
mod sizes;
mod tower;

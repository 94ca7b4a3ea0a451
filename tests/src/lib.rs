//! What the tests across crates share.

pub mod contract;
pub mod sim;

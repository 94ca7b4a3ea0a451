//! Shared code of the tests across crates.

pub mod contract;
pub mod servers;
pub mod sim;

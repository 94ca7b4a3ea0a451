//! Shared code of the tests across crates.

pub mod contract;
pub mod control;
pub mod servers;
pub mod sim;

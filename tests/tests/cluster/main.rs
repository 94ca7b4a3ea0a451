//! Servers in a cluster over a real Redis, which breaks in various ways.
//!
//! All tests run on the wall clock, because Redis does. They are skipped by name where there is no `redis-server`, which is a
//! failure in CI.

mod failures;
mod flood;
mod garbage;
mod nodes;
mod redis;
mod security;
mod subscriptions;

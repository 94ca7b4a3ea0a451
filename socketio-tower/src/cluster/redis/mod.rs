//! Redis as the broker of a cluster.

mod address;
use address::Address;

mod backend;
mod command;

mod connect;
use connect::Connected;

mod connection;
use connection::Connection;

mod credentials;
use credentials::Credentials;

mod error;
pub use error::RedisConfigError;

mod failure;
use failure::Failure;

mod publisher;
use publisher::Publisher;

mod reply;
mod sentinel;

mod settings;
pub use settings::Redis;

mod stream;

mod subscriber;
use subscriber::{Change, Subscriber};

#[cfg(feature = "redis-tls")]
mod tls;

//! Servers of other projects that tests start, and a faulty network in front of them.

mod certificate;
mod folder;
mod port;
mod proxy;
mod redis;

pub use certificate::Certificate;
pub use folder::Folder;
pub use port::free_port;
pub use proxy::{Direction, Proxy};
pub use redis::{Redis, RedisOptions};

/// Returns `None`, which skips a test, or panics in CI, where every test must run.
fn missing<T>(program: &str) -> Option<T> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!in_ci, "{program} is missing");
    eprintln!("skipped: {program} is missing");
    None
}

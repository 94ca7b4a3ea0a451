//! A client in memory, to test an application with: no port, no sleep, no client of another language.
//!
//! ```rust,test_harness
//! use socketio_tower::testing::TestClient;
//! use socketio_tower::{Data, SocketIo};
//!
//! #[tokio::test(start_paused = true)]
//! async fn greets() {
//!     let io = SocketIo::new();
//!     io.of("/", |ns| {
//!         ns.on("greet", async |Data(name): Data<String>| format!("hello {name}"));
//!     });
//!     let client = TestClient::connect(&io).await.unwrap();
//!     let answer: String = client.emit_with_ack("greet", "ada").await.unwrap();
//!     assert_eq!(answer, "hello ada");
//! }
//! ```
//!
//! A [`TestClient`] is one connection, over WebSocket or long polling; a [`TestSocket`] is its place in one
//! namespace. Both come through the same doors as every other client: a WebSocket through
//! [`SocketIo::attach`](crate::SocketIo::attach), over a pipe; a request of long polling through the service of
//! the layer. What outer layers would do, such as reading a session cookie, is said with
//! [`extension`](TestClientBuilder::extension).
//!
//! # Time
//!
//! Nothing here sleeps. On the clock that tokio's `test-util` feature stops, with `start_paused = true`, time
//! passes only when every task waits, and then at once: a ping timeout of 45 seconds takes microseconds, and
//! the outcome is the same every time. `tokio::time::sleep` lets a test wait for what comes later, and
//! [`settled`] lets everything happen that is under way.
//!
//! # What fails, and how
//!
//! What an application might want to see is a `Result`: a session or a namespace that is refused, an answer
//! that does not come. What is a mistake of the test or of the application fails the test: an event other
//! than the expected one panics with a message that names both. Whatever is awaited is awaited no longer than
//! [`timeout`](TestClientBuilder::timeout).

mod builder;
pub use builder::TestClientBuilder;

mod client;
pub use client::{Connecting, TestClient};

mod error;
pub use error::ClientError;

mod event;
pub use event::TestEvent;

mod socket;
pub use socket::TestSocket;

mod driver;
mod exchange;
mod template;
mod websocket;

use std::time::Duration;

pub use socketio_core::client::Disconnected;

/// Waits until every other task waits too, so that all that is under way has happened: for a test that looks
/// at what a handler has left behind.
///
/// It is exact on a clock that is paused, in the runtime of one thread: it takes a millisecond of that clock.
/// On a clock that runs it is no more than that millisecond.
pub async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

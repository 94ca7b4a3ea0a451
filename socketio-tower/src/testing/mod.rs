//! An in-memory client for testing applications, without a port, sleeping, or a client in another language.
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
//!     let reply: String = client.emit_with_ack("greet", "ada").await.unwrap();
//!     assert_eq!(reply, "hello ada");
//! }
//! ```
//!
//! A [`TestClient`] is one connection, over WebSocket or long polling. A [`TestSocket`] is its socket in one namespace.
//! Both use the same entry points as other clients: a WebSocket uses [`SocketIo::attach`](crate::SocketIo::attach) over
//! a pipe, and a long-polling request uses the service of the layer. Set what outer layers would insert into requests,
//! such as an authenticated user, with [`extension`](TestClientBuilder::extension).
//!
//! # Time
//!
//! Use `start_paused = true`, which needs tokio's feature `test-util`. On the paused clock, time advances only when
//! every task waits, and then immediately: a ping timeout of 45 seconds takes microseconds, and the outcome is the same
//! every time. A test waits for later events with `tokio::time::sleep`, and for pending tasks with [`settled`].
//!
//! # Errors and panics
//!
//! Outcomes that an application may want to test are returned as a `Result`: a rejected session or connection request,
//! a missing ack. Unexpected outcomes panic and so fail the test: for example, an event other than the expected one
//! panics with a message that names both. Every method that waits does so for at most
//! [`timeout`](TestClientBuilder::timeout).

mod builder;
pub use builder::TestClientBuilder;

mod client;
pub use client::{Connecting, TestClient};

mod error;
pub use error::ClientError;

mod event;
pub use event::TestEvent;

#[cfg(feature = "cluster")]
mod node;
#[cfg(feature = "cluster")]
#[cfg_attr(docsrs, doc(cfg(feature = "cluster")))]
pub use node::TestNode;

mod socket;
pub use socket::TestSocket;

mod driver;
mod exchange;
mod template;
mod websocket;

use std::time::Duration;

pub use socketio_core::client::Disconnected;

/// Waits until all other tasks are idle, so that a test can inspect the effects of handlers.
///
/// This is exact in a single-threaded runtime with a paused clock, where it advances the clock by one millisecond. With
/// a running clock it just sleeps for one millisecond.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use socketio_tower::testing::{TestClient, settled};
/// use socketio_tower::{Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| ns.on("join", async |socket: Socket| drop(socket.join("lobby"))));
/// let client = TestClient::connect(&io).await.unwrap();
/// client.emit("join", "");
/// settled().await;
/// assert_eq!(io.to("lobby").count(), 1);
/// # }
/// ```
///
/// # Cancel safety
///
/// The future can be dropped at any time.
pub async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

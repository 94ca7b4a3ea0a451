//! A Socket.IO server as a tower layer: wrap an axum, hyper or tonic application and stock Socket.IO clients can talk to it.
//!
//! ```rust,no_run
//! use axum::{Router, routing::get};
//! use socketio_tower::{Args, Data, Socket, SocketIo};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = SocketIo::new();
//!     io.of("/", |ns| {
//!         ns.on("message", async |socket: Socket, Data(text): Data<String>| {
//!             socket.broadcast().emit("message", &text);
//!         });
//!         ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b); // what it returns is the ack
//!     });
//!     let app = Router::new().route("/", get(async || "hello")).layer(io.layer());
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await
//! }
//! ```
//!
//! Requests to `/socket.io` and `/socket.io/` are answered by the layer; all others reach the application untouched.
//!
//! # Where to find what
//!
//! | to | see |
//! |---|---|
//! | set up a server | [`SocketIo`], [`SocketIoBuilder`] for every limit and its default |
//! | handle events, connections and their ends | [`NamespaceBuilder`] |
//! | write a namespace as a type with methods | [`NamespaceHandlers`], [`NamespaceBuilder::handlers`], [`NamespaceBuilder::handlers_per_socket`] |
//! | ask for arguments in a handler | [`Data`], [`Args`], [`Socket`], [`Client`], [`Ack`], [`State`], [`Extension`], [`Query`]; on connect [`Auth`]; on disconnect [`DisconnectReason`], [`Rooms`] |
//! | answer a client | the return value: [`handler::EventReply`] lists what a handler may return, [`Reply`] takes anything that serializes |
//! | send to a client, and await its answer | [`Socket::emit`], [`Socket::emit_with_ack`]; [`Args`] for several arguments, [`NoArgs`] for none |
//! | pass on what a client sent, whatever it is | [`RawArgs`] of an [`Event`], unparsed; [`Value`], any JSON with binary in it |
//! | send to many | [`Socket::to`], [`SocketIo::to`], [`NamespaceHandle`], [`BroadcastOperator`] |
//! | refuse a client | [`NamespaceBuilder::middleware`], [`ConnectError`] |
//! | keep values, and know how long they live | [`Socket::extensions`], [`Client::extensions`], [`Extension`], [`Socket::set_data`] |
//! | know who the client is | [`Handshake`], [`SocketIoBuilder::trusted_proxies`] |
//! | place the layer | [`SocketIoLayer`] |
//! | stop a server | [`SocketIo::close`] |
//! | serve what is not HTTP | [`SocketIo::attach`] |
//!
//! # What is guaranteed
//!
//! - **Order.** The events of one socket reach their handlers in the order of arrival. A handler that waits does not hold up
//!   the next ones, unless [`concurrency`](SocketIoBuilder::concurrency) is 1. Everything that is emitted to a socket, acks
//!   and disconnects included, leaves in the order of the calls.
//! - **One connect handler, then events.** A socket's events wait until its connect handler has ended; acks do not, so it may
//!   await answers.
//! - **One disconnect handler.** It runs once for every socket that was connected, after the socket's other handlers have
//!   ended or their [grace time](SocketIoBuilder::handler_grace) is over. A process that ends does not run it;
//!   [`SocketIo::close`] waits for it.
//! - **`emit` never blocks**, and its answer tells whether the packet was queued. The bytes that wait for one client are
//!   [bounded](SocketIoBuilder::max_queued_bytes).
//! - **A panic** in a handler ends that handler and nothing else.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `macros` | off | the attribute `namespace`, which makes a type's methods the handlers of a namespace |
//! | `testing` | off | a client in memory, for tests: see the module of that name |
//! | `tracing` | off | spans and events through the `tracing` crate |

mod ack_error;
pub use ack_error::AckError;

mod admission;

mod broadcast;
pub use broadcast::{AllAnswers, BroadcastAck, BroadcastOperator, NamespaceHandle, RemoteSocket};

mod builder;
pub use builder::SocketIoBuilder;

mod clock;
mod collection;

mod config;
pub use config::Overflow;

mod driver;

mod emit_status;
pub use emit_status::{EmitError, EmitStatus, InvalidEvent};

mod entropy;

mod error;
pub use error::{RemoveError, SetupError, SetupErrors};

mod extensions;
pub use extensions::Extensions;

mod filter;
pub use filter::{EventPolicy, Verdict};

pub mod extract;
pub use extract::{Ack, Auth, Data, Rooms};

pub mod handler;

mod handshake;
pub use handshake::{ForwardedHeader, Handshake};

mod io;
pub use io::SocketIo;

pub mod layer;
pub use layer::{SocketIoLayer, SocketIoService};

mod namespace;
pub use namespace::instance::{Instance, NamespaceHandlers};
pub use namespace::{NamespaceBuilder, NamespaceEvent, RoomEvent};
#[cfg(feature = "macros")]
#[doc(inline)]
pub use socketio_tower_macros::namespace;

mod limit;
mod observer;
pub use observer::{ClientId, EmittedEvent, Observation};

mod panics;
mod server;

mod session;

mod socket;
pub use socket::{Client, EmitWithAck, ListenerId, Socket, SocketOperator, SocketPolicy};

#[cfg(feature = "testing")]
pub mod testing;

mod stats;
pub use stats::Stats;

mod sync;
mod trace;
mod transport;

pub use handler::Reply;
pub use handler::connect_error::ConnectError;
pub use socketio_core::packet::{Args, ArgsError, Event, NoArgs, RawArgs, RawJson, Value};
pub use socketio_core::{DisconnectReason, SocketId, Transport};

/// What the attribute `namespace` writes, and nobody else.
#[doc(hidden)]
pub mod __private {
    pub use crate::namespace::method::{Method, MethodArguments, Returned};
}

/// The examples of the pages in Markdown, which are tests like those of the documentation.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod crate_readme {}
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/architecture.md")]
    mod architecture {}
    #[doc = include_str!("../../docs/behind-a-proxy.md")]
    mod behind_a_proxy {}
    #[doc = include_str!("../../docs/coming-from-flask-socketio.md")]
    #[cfg(feature = "macros")]
    mod coming_from_flask_socketio {}
    #[doc = include_str!("../../docs/coming-from-gevent-socketio.md")]
    #[cfg(feature = "macros")]
    mod coming_from_gevent_socketio {}
    #[doc = include_str!("../../docs/coming-from-node.md")]
    mod coming_from_node {}
    #[doc = include_str!("../../docs/coming-from-socketioxide.md")]
    mod coming_from_socketioxide {}
    #[doc = include_str!("../../docs/concepts.md")]
    mod concepts {}
    #[doc = include_str!("../../docs/faults.md")]
    mod faults {}
    #[doc = include_str!("../../docs/getting-started.md")]
    #[cfg(feature = "testing")]
    mod getting_started {}
    #[doc = include_str!("../../docs/handlers.md")]
    mod handlers {}
    #[doc = include_str!("../../docs/introduction.md")]
    mod introduction {}
    #[doc = include_str!("../../docs/layer.md")]
    mod layer {}
    #[doc = include_str!("../../docs/life.md")]
    mod life {}
    #[doc = include_str!("../../docs/namespaces.md")]
    #[cfg(feature = "macros")]
    mod namespaces {}
    #[doc = include_str!("../../docs/packets.md")]
    mod packets {}
    #[doc = include_str!("../../docs/performance.md")]
    mod performance {}
    #[doc = include_str!("../../docs/references.md")]
    mod references {}
    #[doc = include_str!("../../docs/rooms.md")]
    mod rooms {}
    #[doc = include_str!("../../docs/server.md")]
    mod server {}
    #[doc = include_str!("../../docs/sockets.md")]
    mod sockets {}
    #[doc = include_str!("../../docs/state-and-sessions.md")]
    mod state_and_sessions {}
    #[doc = include_str!("../../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../../docs/testing-your-namespaces.md")]
    #[cfg(feature = "testing")]
    mod testing_your_namespaces {}
    #[doc = include_str!("../../docs/transports.md")]
    mod transports {}
}

//! A Socket.IO server as a tower layer, for axum, hyper and tonic applications and standard Socket.IO clients.
//!
//! # Quick start
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
//!         ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b); // the return value is the ack
//!     });
//!     let app = Router::new().route("/", get(async || "hello")).layer(io.layer());
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app.into_make_service()).await
//! }
//! ```
//!
//! The layer handles requests to `/socket.io` and `/socket.io/`; all other requests reach the application unchanged.
//!
//! # API overview
//!
//! **The server**
//!
//! | to | use |
//! |---|---|
//! | create and configure a server | [`SocketIo::new`], [`SocketIo::builder`]; [`SocketIoBuilder`] has all settings |
//! | add it to an application | [`SocketIo::layer`]; [`SocketIoLayer`] explains routing and the order of layers |
//! | serve clients that do not connect over HTTP | [`SocketIo::attach`] |
//! | reject requests before a session is opened | [`SocketIoBuilder::origins`], [`SocketIoBuilder::allow_request`] |
//! | run behind a proxy | [`SocketIoBuilder::trusted_proxies`], [`SocketIoBuilder::cookie`] |
//! | collect metrics | [`SocketIo::stats`], [`SocketIoBuilder::observe`] |
//! | shut down | [`SocketIo::close`] |
//!
//! **Handlers and extractors**
//!
//! | to | use |
//! |---|---|
//! | define a namespace and its handlers | [`SocketIo::of`], [`NamespaceBuilder`] |
//! | implement a namespace as a type with methods | [`NamespaceHandlers`], [`NamespaceBuilder::handlers`], [`NamespaceBuilder::handlers_per_socket`] |
//! | read the arguments of an event | [`Data`] for the first, [`Args`] for several, [`Event`] for unparsed ones ([`RawArgs`]); the type [`Value`] for arbitrary JSON with binary data |
//! | take any argument in a function of your own | [`args::ToArgs`] |
//! | get the socket or the connection | [`Socket`], [`Client`] |
//! | read shared state, or values stored with the socket | [`State`], [`Extension`] |
//! | read the query, path parameters or `auth` | [`Query`], [`Path`], [`Auth`] (on connect) |
//! | get the disconnect reason, and the rooms that the socket was in | [`DisconnectReason`], [`Rooms`] (on disconnect) |
//! | acknowledge an event | the handler's return value, see [`handler::EventReply`]; [`Reply`] for any type that implements `Serialize`; [`Ack`] to reply early or later |
//! | authenticate, or reject a connection request | [`NamespaceBuilder::middleware`], [`ConnectError`] |
//! | filter events | [`NamespaceBuilder::filter`], [`EventPolicy`], [`Verdict`] |
//! | store values with a socket or client | [`Socket::extensions`], [`Client::extensions`]; [`Socket::set_data`] to publish them in [`RemoteSocket::data`] |
//! | inspect the request that opened the session | [`Handshake`] |
//!
//! All extractors are listed in [`extract`], all kinds of handlers and return values in [`handler`].
//!
//! **Sending**
//!
//! | to | use |
//! |---|---|
//! | send an event to one client | [`Socket::emit`]; [`Args`] for several arguments, [`NoArgs`] for none |
//! | wait for the client's ack | [`Socket::emit_with_ack`], [`BroadcastOperator::emit_with_ack`] |
//! | send to many clients | [`Socket::broadcast`], [`SocketIo::emit`], [`NamespaceHandle`], [`BroadcastOperator`] |
//! | send from outside handlers | [`SocketIo`], [`SocketIo::namespace`] |
//! | handle slow clients | [`EmitStatus`], [`Socket::volatile`], [`Socket::drained`] |
//!
//! **Rooms**
//!
//! | to | use |
//! |---|---|
//! | join and leave | [`Socket::join`], [`Socket::leave`], [`Socket::rooms`] |
//! | send to a room | [`Socket::to`], which excludes the sender; [`SocketIo::to`]; [`BroadcastOperator::except`] |
//! | list, move or disconnect the sockets of a room | [`BroadcastOperator::sockets`], [`BroadcastOperator::fetch_sockets`], [`BroadcastOperator::sockets_join`], [`BroadcastOperator::disconnect_sockets`] |
//!
//! **Errors**
//!
//! | error | returned by or passed to |
//! |---|---|
//! | [`SetupErrors`], a list of [`SetupError`] | [`SocketIo::try_layer`]; [`SocketIo::layer`] panics with it |
//! | [`layer::Rejection`], with the cause [`layer::RequestError`] | [`SocketIoBuilder::on_connection_error`], [`SocketIo::attach`] |
//! | [`ConnectError`] | middlewares, to reject a connection request; sent to the client |
//! | [`handler::ErrorContext`], with the cause [`handler::Cause`] | [`NamespaceBuilder::on_error`], [`SocketIoBuilder::on_error`]: failed and missing handlers, invalid arguments, protocol violations |
//! | [`EmitStatus`], [`EmitError`] | every `emit`; [`EmitStatus::ok`] turns the status into a `Result` |
//! | [`AckError`] | every `emit_with_ack` |
//! | [`ArgsError`] | conversions of [`RawArgs`] |
//! | [`RemoveError`] | [`SocketIo::remove`] |
//!
//! **Limits**
//!
//! Every limit has a default. The linked methods document the details.
//!
//! | limit | default | at the limit |
//! |---|---|---|
//! | [`max_sessions`](SocketIoBuilder::max_sessions) | 200 000 | new sessions are rejected with status 503 |
//! | [`max_handshake`](SocketIoBuilder::max_handshake) | 16 KiB | the request is rejected with status 414 or 431 |
//! | [`max_payload`](SocketIoBuilder::max_payload) | 1 000 000 bytes | a POST is rejected with status 413; a WebSocket is closed |
//! | [`max_attachments`](SocketIoBuilder::max_attachments) | 10 per event | the connection is closed |
//! | [`max_namespaces`](SocketIoBuilder::max_namespaces) | 64 per client | the connection request is rejected |
//! | [`max_dynamic_namespaces`](SocketIoBuilder::max_dynamic_namespaces) | 10 000 | the connection request is rejected |
//! | [`max_parked`](SocketIoBuilder::max_parked) | 4096 waiting events, 4 MiB per client | the socket is disconnected |
//! | [`max_queued_bytes`](SocketIoBuilder::max_queued_bytes) | 8 MiB per client | the client is disconnected, or the packet is dropped: [`Overflow`] |
//! | [`concurrency`](SocketIoBuilder::concurrency), [`client_concurrency`](SocketIoBuilder::client_concurrency) | 64 handlers per socket, 256 per client | further events wait |
//!
//! | timeout | default |
//! |---|---|
//! | [`ping_interval`](SocketIoBuilder::ping_interval), [`ping_timeout`](SocketIoBuilder::ping_timeout) | 25 s, 20 s |
//! | [`connect_timeout`](SocketIoBuilder::connect_timeout), [`upgrade_timeout`](SocketIoBuilder::upgrade_timeout) | 45 s, 10 s |
//! | [`write_timeout`](SocketIoBuilder::write_timeout) | 20 s |
//! | [`ack_timeout`](SocketIoBuilder::ack_timeout) | 5 s |
//! | [`handler_grace`](SocketIoBuilder::handler_grace) | 10 s |
//!
//! **Testing**
//!
#![cfg_attr(
    feature = "testing",
    doc = "The [`testing`] module provides an in-memory client that connects to a [`SocketIo`] without a network."
)]
#![cfg_attr(
    not(feature = "testing"),
    doc = "The feature `testing` adds an in-memory client that connects to a [`SocketIo`] without a network."
)]
//!
//! # Guarantees
//!
//! - **Order.** The handlers for a socket's events start in the order in which the events arrive. A handler that awaits
//!   does not delay later events until the limits on [concurrency](SocketIoBuilder::concurrency) are reached. Everything
//!   sent to a socket, including acks and disconnects, leaves in the order of the calls.
//! - **The connect handler runs before all event handlers.** A socket's events wait until it has finished. Acks do not
//!   wait, so the connect handler may await them.
//! - **The disconnect handler runs once** for every socket that was connected, after the socket's other handlers have
//!   finished or their [grace period](SocketIoBuilder::handler_grace) is over. It does not run if the process or the
//!   runtime ends first; [`SocketIo::close`] waits for it.
//! - **`emit` never blocks.** It returns the [status](EmitStatus) of the packet: queued, or not, with the reason. The number
//!   of bytes queued for one client is [bounded](SocketIoBuilder::max_queued_bytes).
//! - **A panic in a handler** ends only that handler.
//!
//! # Feature flags
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `cluster` | off | the module `cluster`: several servers as one; `redis` includes it |
//! | `macros` | off | the attribute `#[namespace]`, which turns a type's methods into the handlers of a namespace |
//! | `redis` | off | `cluster::Redis`, the broker of a cluster |
//! | `redis-tls` | off | `rediss://`, with rustls |
//! | `testing` | off | the module `testing`, with an in-memory client |
//! | `tracing` | off | spans and events through the `tracing` crate |
//!
//! [`Extension`]: extract::Extension
//! [`Path`]: extract::Path
//! [`Query`]: extract::Query
//! [`State`]: extract::State

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ack_error;
pub use ack_error::AckError;

mod admission;

pub mod args;

mod broadcast;
pub use broadcast::{AllAcks, BroadcastAck, BroadcastOperator, NamespaceHandle, RemoteSocket};

mod builder;
pub use builder::SocketIoBuilder;

#[cfg(feature = "cluster")]
mod bus;

#[cfg(feature = "cluster")]
pub mod cluster;

mod clock;
mod collection;

mod config;
pub use config::Overflow;

mod driver;

mod emit_status;
pub use emit_status::{EmitError, EmitStatus, InvalidEvent};

mod entropy;

mod error;
pub use error::{ParsePathError, PatternError, RemoveError, SetupError, SetupErrors};

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

pub use args::{Args, ArgsError, NoArgs, RawArgs, RawJson, Value};
pub use handler::Reply;
pub use handler::connect_error::ConnectError;
pub use socketio_core::packet::Event;
pub use socketio_core::{DisconnectReason, SocketId, Transport};

/// Items used by the code that the attribute `namespace` generates.
#[doc(hidden)]
pub mod __private {
    pub use crate::namespace::method::{Method, MethodArguments, Returned};
}

/// The Markdown pages, whose examples are compiled and run as doc tests.
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
    #[doc = include_str!("../../docs/cluster.md")]
    #[cfg(all(feature = "redis", feature = "testing"))]
    mod cluster {}
    #[doc = include_str!("../../docs/cluster-protocol.md")]
    mod cluster_protocol {}
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
    #[doc = include_str!("../../docs/scale.md")]
    mod scale {}
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

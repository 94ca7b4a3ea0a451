//! A client as a pure state machine: the other side of the protocol, for tests, simulators and custom drivers.
//!
//! A [`Connection`] speaks Socket.IO, with namespaces, events and acks. The [`Session`] inside it speaks Engine.IO and
//! can be used on its own. Neither performs IO. Network input goes in through the `handle_*` methods, and requests of
//! the application through the other methods. [`poll`](Connection::poll) returns events, and
//! [`poll_action`](Connection::poll_action) returns work for the driver.
//!
//! # The drain rule
//!
//! After any calls that take `&mut self`, and before the driver waits, call `poll` until it returns `None`, then
//! `poll_action` until it returns `None`.
//!
//! ```
//! use socketio_core::client::{Action, Connection, ConnectionEvent};
//! use socketio_core::namespace::NamespacePath;
//! use socketio_core::packet::Encoder;
//! use socketio_core::{Message, Revision, Transport};
//!
//! /// Returns what a driver would write to the stream.
//! fn written(client: &mut Connection<()>) -> Vec<String> {
//!     let actions = std::iter::from_fn(|| client.poll_action());
//!     let text = |action| match action {
//!         Action::Send { packet, .. } => String::from_utf8_lossy(packet.text()).into_owned(),
//!         other => format!("{other:?}"),
//!     };
//!     actions.map(text).collect()
//! }
//!
//! let mut client = Connection::<()>::open(Revision::V4, Transport::WebSocket);
//! let Some(Action::Open { link, transport }) = client.poll_action() else { panic!("a stream to open") };
//! assert_eq!(client.query(transport), "EIO=4&transport=websocket");
//!
//! let open = r#"0{"sid":"07HVrYzr_77H86xDAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
//! client.handle_message(link, Message::Text(open.into()));
//! assert!(matches!(client.poll(), Some(ConnectionEvent::Opened(_))));
//! let chat = "/chat".parse::<NamespacePath>().unwrap();
//! let socket = client.connect(&chat, None).unwrap();
//! assert_eq!(written(&mut client), ["40/chat,"]);
//!
//! client.handle_message(link, Message::Text(r#"40/chat,{"sid":"9aFAjv8vl6tN1Vy2AAAC"}"#.into()));
//! assert!(matches!(client.poll(), Some(ConnectionEvent::Connected { socket: connected, .. }) if connected == socket));
//! let packet = Encoder::default().event("/chat", "message", "hello", None).unwrap();
//! assert!(client.send(socket, packet));
//! client.handle_message(link, Message::Text("2".into()));
//! assert!(client.poll().is_none());
//! assert_eq!(written(&mut client), [r#"42/chat,["message","hello"]"#, "3"]);
//! ```
//!
//! # Responsibilities of the driver
//!
//! There is no clock. To detect a silent server, a driver measures time against [`Handshake::ping_interval`] and
//! [`Handshake::ping_timeout`], and [aborts](Connection::abort) the connection. The driver also decides if and when to
//! [upgrade](Connection::upgrade); the stock clients upgrade at once if [`Handshake::upgrades`] offers a transport.

mod action;
pub use action::Action;

mod closed;
pub use closed::{Closed, ProtocolViolation};

mod connection;
pub use connection::Connection;

mod event;
pub use event::{ConnectError, ConnectionEvent, Disconnected};

mod session;
pub use session::{Handshake, Session, SessionEvent};

mod sockets;
pub use sockets::SocketKey;

mod state;

#[cfg(test)]
mod tests;

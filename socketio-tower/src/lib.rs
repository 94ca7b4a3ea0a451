//! A Socket.IO server as a tower layer.

mod broadcast;
pub use broadcast::BroadcastOperator;

mod builder;
pub use builder::SocketIoBuilder;

mod config;
pub use config::Overflow;

mod error;
pub use error::SetupError;

mod extract;
pub use extract::{Ack, Auth, Data, Extension, Rooms, State};

pub mod handler;

mod handshake;
pub use handshake::Handshake;

mod io;
pub use io::SocketIo;

pub mod layer;
pub use layer::{SocketIoLayer, SocketIoService};

mod namespace;
pub use namespace::{NamespaceBuilder, NamespaceHandle};

mod session;

mod socket;
pub use socket::{AckError, EmitError, EmitWithAck, Extensions, Sent, Socket, SocketOperator};

mod trace;
mod transport;

pub use handler::Reply;
pub use socketio_core::packet::{Args, Event};
pub use socketio_core::{DisconnectReason, SocketId, Transport};

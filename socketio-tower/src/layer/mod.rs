//! The layer, the service it makes, and what that answers with.

#[expect(clippy::module_inception, reason = "a middleware is a folder: layer, service, future, body")]
mod layer;
pub use layer::SocketIoLayer;

mod service;
pub use service::{NotFound, SocketIoService};

mod future;
pub use future::ResponseFuture;

mod body;
pub use body::ResponseBody;

mod admission;
pub(crate) use admission::AdmissionHook;
pub use admission::Refusal;

mod origins;
pub use origins::Origins;

mod cookie;
pub use cookie::{SameSite, SessionCookie};

mod client_files;
pub use client_files::{ClientFiles, Encoding};

mod hooks;
pub use hooks::ConnectionError;
pub(crate) use hooks::RequestSettings;

pub use socketio_core::engine::{BadRequest, RequestError};

mod attach;
pub use attach::AttachError;
pub(crate) use attach::attach;

mod request;
mod websocket;

//! The tower layer, its service, and the types of requests and responses: origins, cookies, client files, rejections.

#[expect(clippy::module_inception, reason = "a middleware is a folder: layer, service, future, body")]
mod layer;
pub use layer::SocketIoLayer;

mod service;
pub use service::{NotFound, SocketIoService};

mod future;
pub use future::ResponseFuture;

mod body;
pub use body::ResponseBody;

mod hooks;

pub use crate::admission::{ClientFiles, Encoding, Origins, Rejection, SameSite, SessionCookie};
pub use socketio_core::engine::{BadRequest, RequestError};

mod attach;
pub(crate) use attach::attach;

mod collect;
mod guard;
mod request;
mod response;
mod websocket;

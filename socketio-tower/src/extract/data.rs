use serde::de::DeserializeOwned;

#[cfg(feature = "cluster")]
use crate::handler::ServerContext;
use crate::handler::{EventContext, Extract, ExtractError, Requirements};

/// The first argument of an event, as any type that implements `DeserializeOwned`. Further arguments are ignored. A
/// missing argument is read as `null`, so that `Data<Option<T>>` accepts it. For several arguments, see
/// [`Args`](crate::Args).
///
/// The type must own its data, such as `String` instead of `&str`, because the event does not outlive the extraction.
/// For a type that borrows, the compiler reports that an `implementation of Deserialize is not general enough`.
///
/// The argument may contain binary at any depth: `Bytes`, a struct with a field of that type, or
/// [`Value`](crate::Value) for any JSON with binary in it. Binary is copied once, out of the message it was received
/// in.
///
/// ```
/// use bytes::Bytes;
/// use socketio_tower::{Data, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Upload {
///     name: String,
///     content: Bytes,
/// }
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("upload", async |Data(upload): Data<Upload>| {
///         println!("{}: {} bytes", upload.name, upload.content.len());
///     });
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<T: DeserializeOwned> Extract<EventContext> for Data<T> {
    fn extract(context: &mut EventContext) -> Result<Self, ExtractError> {
        context.event.args().first().map(Data).map_err(ExtractError::new)
    }

    fn require(requirements: &mut Requirements) {
        requirements.arguments();
    }
}

#[cfg(feature = "cluster")]
impl<T: DeserializeOwned> Extract<ServerContext> for Data<T> {
    fn extract(context: &mut ServerContext) -> Result<Self, ExtractError> {
        context.event.args().first().map(Data).map_err(ExtractError::new)
    }
}

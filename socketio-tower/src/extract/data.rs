use serde::de::DeserializeOwned;

use crate::handler::{EventContext, Extract, ExtractError, Requirements};

/// The first argument of an event, as any type that deserializes. Further arguments are ignored; a missing
/// one is taken for `null`, so that `Data<Option<T>>` accepts it. For several, see
/// [`Args`](crate::Args).
///
/// The type owns what it reads: `String` and not `&str`, since the event is gone when the handler runs. The compiler says of
/// a type that borrows that an `implementation of Deserialize is not general enough`.
///
/// Binary may stand anywhere inside: `Bytes`, or a struct with a field of that type, or [`Value`](crate::Value) for any
/// JSON with binary in it. It is copied once, out of the message it came in.
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

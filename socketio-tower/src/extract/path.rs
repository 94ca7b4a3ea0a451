use serde::de::DeserializeOwned;

use crate::handler::{Context, Extract, ExtractError, Requirements};

mod deserializer;
use deserializer::Deserializer;

/// What the parts in braces of the namespace's [pattern](crate::SocketIo::of) stand for.
///
/// One part is any value that is written in one piece: a string, a number, an enum of names. Several are a tuple, in the
/// order of the pattern, or a struct or map, by their names. They are as the client wrote them: names of namespaces are
/// not percent-encoded.
///
/// ```
/// use socketio_tower::extract::Path;
/// use socketio_tower::SocketIo;
///
/// #[derive(serde::Deserialize)]
/// struct Seat {
///     hall: String,
///     number: u16,
/// }
///
/// let io = SocketIo::new();
/// io.of("/orders/{id}", |ns| {
///     ns.on("id", async |Path(id): Path<u64>| id);
/// });
/// io.of("/halls/{hall}/seats/{number}", |ns| {
///     ns.on("seat", async |Path(Seat { hall, number }): Path<Seat>| format!("{number} in {hall}"));
///     ns.on("number", async |Path((_, number)): Path<(String, u16)>| number);
/// });
/// ```
///
/// A namespace without such parts that has such a handler is told of when the layer is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<C: Context, T: DeserializeOwned> Extract<C> for Path<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let Some(captures) = context.socket().captures() else {
            return Err(ExtractError::internal("the namespace has no parts in braces"));
        };
        let value = T::deserialize(Deserializer::new(captures));
        value.map(Path).map_err(|error| ExtractError::new(format!("path: {error}")))
    }

    fn require(requirements: &mut Requirements) {
        requirements.captures();
    }
}

use serde::de::DeserializeOwned;

use crate::handler::{Extract, ExtractError, Occasion, Requirements};

mod deserializer;
use deserializer::Deserializer;

/// The path parameters of the namespace: the parts of its name that match the parts in braces of its
/// [pattern](crate::SocketIo::of).
///
/// A single parameter can be read as any scalar: a string, a number, or an enum of names. Several can be read as a
/// tuple, in the order of the pattern, or as a struct or map, by name. The values are as the client wrote them, because
/// namespace names are not percent-encoded.
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
/// Using `Path` in a namespace without path parameters is a setup error, reported by
/// [`layer()`](crate::SocketIo::layer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<C: Occasion, T: DeserializeOwned> Extract<C> for Path<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let Some(captures) = context.captures() else {
            return Err(ExtractError::internal("the namespace has no path parameters"));
        };
        let value = T::deserialize(Deserializer::new(captures));
        value.map(Path).map_err(|error| ExtractError::new(format!("path: {error}")))
    }

    fn require(requirements: &mut Requirements) {
        requirements.captures();
    }
}

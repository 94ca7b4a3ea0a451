use serde::de::DeserializeOwned;
use socketio_core::packet::from_json;

use crate::handler::{ConnectContext, Extract, ExtractError};

/// The data that the client sent with its connection request, the `auth` option of the stock clients, as any type that
/// implements `DeserializeOwned`. A missing `auth` is read as `{}`.
///
/// ```
/// use socketio_tower::{Auth, ConnectError, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Token {
///     token: String,
/// }
///
/// let io = SocketIo::new();
/// io.of("/admin", |ns| {
///     ns.middleware(async |Auth(auth): Auth<Token>| {
///         if auth.token == "secret" { Ok(()) } else { Err(ConnectError::new("not authorized")) }
///     });
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl<T: DeserializeOwned> Extract<ConnectContext> for Auth<T> {
    fn extract(context: &mut ConnectContext) -> Result<Self, ExtractError> {
        let json = context.auth().unwrap_or("{}");
        from_json(json).map(Auth).map_err(|error| ExtractError::new(format!("auth: {error}")))
    }
}

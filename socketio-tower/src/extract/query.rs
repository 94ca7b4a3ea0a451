use serde::de::DeserializeOwned;

use crate::handler::{Context, Extract, ExtractError};

/// The query of the request that opened the client's session, as any type that deserializes: the `query` option of the
/// stock clients. It is decoded as forms are, `+` for a space and `%` for anything.
///
/// The protocol's own parameters, `EIO` and `transport` among them, are there too; serde ignores fields that it does not
/// know.
///
/// ```
/// use socketio_tower::{Query, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Version {
///     app_version: String,
///     #[serde(default)]
///     beta: bool,
/// }
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.middleware(async |Query(version): Query<Version>| {
///         if version.app_version.starts_with("2.") || version.beta { Ok(()) } else { Err("please update".into()) }
///     });
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<C: Context, T: DeserializeOwned> Extract<C> for Query<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let query = context.socket().handshake().query();
        let value = serde_urlencoded::from_str(query);
        value.map(Query).map_err(|error| ExtractError::new(format!("query: {error}")))
    }
}

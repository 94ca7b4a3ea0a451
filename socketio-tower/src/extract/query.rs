use serde::de::DeserializeOwned;

use crate::handler::{Context, Extract, ExtractError};

/// The query of the [handshake](crate::Handshake) request, as any type that implements `DeserializeOwned`: the `query`
/// option of the stock clients. Parameters that the type does not have are ignored; the query also contains the
/// protocol's own parameters, such as `EIO`.
///
/// ```
/// use socketio_tower::extract::Query;
/// use socketio_tower::SocketIo;
///
/// #[derive(serde::Deserialize)]
/// struct Visit {
///     lang: String,
///     page: Option<u32>,
/// }
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_connect(async |Query(visit): Query<Visit>| {
///         println!("{} from page {:?}", visit.lang, visit.page);
///     });
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<C: Context, T: DeserializeOwned> Extract<C> for Query<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let query = context.socket().handshake().query();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let values = serde_path_to_error::deserialize(pairs);
        values.map(Query).map_err(|error| ExtractError::new(format!("query: {error}")))
    }
}

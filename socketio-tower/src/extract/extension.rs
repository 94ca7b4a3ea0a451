use std::any::type_name;

use crate::handler::{Context, Extract, ExtractError};

/// A value that was attached to the socket, to its client, or to the request that opened the client's session: the
/// nearest wins.
///
/// It is looked for in the [socket's extensions](crate::Socket::extensions), where a middleware may have put it; in
/// those of its [client](crate::Client::extensions), which all namespaces of the connection share; and in what was
/// [kept](crate::SocketIoBuilder::keep_extension) of the handshake's extensions, where outer layers put things.
///
/// ```
/// use socketio_tower::extract::Extension;
/// use socketio_tower::{Socket, SocketIo};
///
/// #[derive(Clone)]
/// struct User(String);
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.middleware(async |socket: Socket| {
///         socket.extensions().insert(User("ada".to_owned()));
///     });
///     ns.on("whoami", async |Extension(user): Extension<User>| user.0);
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<T>(pub T);

impl<C: Context, T: Clone + Send + Sync + 'static> Extract<C> for Extension<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let socket = context.socket();
        let own = socket.extensions().get::<T>();
        let shared = || socket.session().extensions.get::<T>();
        let value = own.or_else(shared).or_else(|| socket.handshake().extensions().get::<T>().cloned());
        value.map(Extension).ok_or_else(|| ExtractError::internal(missing::<T>()))
    }
}

fn missing<T>() -> String {
    let name = type_name::<T>();
    format!(
        "neither the socket nor its client has an extension of type {name}, and none was kept of the handshake; \
         one that an outer layer attaches is kept by SocketIoBuilder::keep_extension::<{name}>()"
    )
}

use std::any::type_name;

use crate::handler::{Context, Extract, ExtractError};

/// A value attached to the socket, to its client, or to the request that opened the client's session.
///
/// The extractor looks for the value in the [socket's extensions](crate::Socket::extensions), for example set by a
/// middleware; then in the extensions of its [client](crate::Client::extensions), which all namespaces of the
/// connection share; then in the [kept](crate::SocketIoBuilder::keep_extension) extensions of the handshake request,
/// set by outer layers. The first match is used.
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
        "no extension of type {name} in the socket, its client or the kept extensions of the handshake; \
         keep one that an outer layer sets with SocketIoBuilder::keep_extension::<{name}>()"
    )
}

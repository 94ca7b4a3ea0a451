use crate::handler::{Context, Extract, ExtractError};

/// A value of this type that was put somewhere around the socket. The nearest is taken: of the
/// [socket](crate::Socket::extensions), else of its [client](crate::Client::extensions), else of what outer layers attached to
/// the request that opened the session, if
/// [`SocketIoBuilder::keep_extension`](crate::SocketIoBuilder::keep_extension) has kept it.
///
/// ```
/// use socketio_tower::{Extension, Socket, SocketIo};
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
        let value = socket.extensions().get::<T>();
        let value = value.or_else(|| socket.client().extensions().get::<T>());
        let value = value.or_else(|| socket.handshake().extensions().get::<T>().cloned());
        value.map(Extension).ok_or_else(|| ExtractError::new(missing::<T>()))
    }
}

fn missing<T>() -> String {
    let name = std::any::type_name::<T>();
    format!(
        "no extension of type {name} in the socket, in its client, or among those that \
         SocketIoBuilder::keep_extension::<{name}>() keeps of the request"
    )
}

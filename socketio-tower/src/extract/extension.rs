use crate::handler::{Context, Extract, ExtractError};

/// A value that was put into the socket's [extensions](crate::Socket::extensions), usually by a middleware.
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
        let value = context.socket().extensions().get::<T>();
        let missing = || format!("the socket has no extension of type {}", std::any::type_name::<T>());
        value.map(Extension).ok_or_else(|| ExtractError::new(missing()))
    }
}

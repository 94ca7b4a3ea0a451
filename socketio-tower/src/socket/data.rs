use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Socket;
use super::shown::Shown;

/// Data that other code can see.
impl Socket {
    /// Sets the public data of the socket, which [`fetch_sockets`](crate::BroadcastOperator::fetch_sockets) returns as
    /// JSON. It replaces the previous value of any type, and is dropped with the socket.
    ///
    /// Values that only handlers of this socket need belong in its [extensions](Self::extensions).
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo, socket: socketio_tower::Socket) {
    /// #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// struct Player {
    ///     name: String,
    ///     score: u32,
    /// }
    ///
    /// socket.set_data(Player { name: "ada".to_owned(), score: 0 });
    /// for other in io.to("game 7").fetch_sockets().await {
    ///     if let Some(player) = other.data::<Player>() {
    ///         println!("{} has {}", player.name, player.score);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn set_data<T: Serialize + Clone + Send + Sync + 'static>(&self, value: T) {
        let former = self.extras().and_then(|extras| extras.show(Arc::new(value)));
        // Dropped outside the lock, because its destructor is the application's.
        drop(former);
    }

    /// Returns the value set with [`set_data`](Self::set_data), if it has this type.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.set_data("ada".to_owned());
    /// let name: Option<String> = socket.data();
    /// # }
    /// ```
    pub fn data<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let shown = self.shown()?;
        let shown: &dyn Any = &*shown;
        shown.downcast_ref::<T>().cloned()
    }

    /// Returns the public data as JSON.
    pub(crate) fn data_json(&self) -> Option<Box<RawValue>> {
        self.shown()?.to_json()
    }

    fn shown(&self) -> Option<Shown> {
        self.extras_if_any()?.shown()
    }
}

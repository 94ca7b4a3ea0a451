use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Socket;
use super::shown::Shown;

/// What it shows of itself.
impl Socket {
    /// Keeps a value with the socket that others can see: [`fetch_sockets`](crate::BroadcastOperator::fetch_sockets)
    /// gives it as JSON. There is one; it takes the place of the one before, of whatever type. Dropped with the socket.
    ///
    /// What only handlers of this socket need is better kept in its [extensions](Self::extensions).
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
        // Outside the lock, whatever its destructor does.
        drop(former);
    }

    /// The value that was kept with [`set_data`](Self::set_data), if it is of this type.
    pub fn data<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let shown = self.shown()?;
        let shown: &dyn Any = &*shown;
        shown.downcast_ref::<T>().cloned()
    }

    /// The same as JSON.
    pub(crate) fn data_json(&self) -> Option<Box<RawValue>> {
        self.shown()?.to_json()
    }

    fn shown(&self) -> Option<Shown> {
        self.extras_if_any()?.shown()
    }
}

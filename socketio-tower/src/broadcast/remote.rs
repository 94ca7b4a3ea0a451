use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use socketio_core::SocketId;
use socketio_core::packet::{FromArgs, ToArgs};

use super::info::SocketInfo;
use super::{BroadcastOperator, Operation};
use crate::ack_error::AckError;
use crate::collection::{Collected, Collection};
use crate::emit_status::EmitStatus;
use crate::handshake::Handshake;
use crate::namespace::Namespace;

/// A snapshot of a socket, and a handle to send to it.
///
/// Returned by [`BroadcastOperator::fetch_sockets`]. The snapshot is not updated. To get the [`Socket`](crate::Socket)s
/// of this process themselves, use [`BroadcastOperator::sockets`].
///
/// ```
/// # async fn example(io: socketio_tower::SocketIo) {
/// for socket in io.to("lobby").fetch_sockets().await {
///     println!("{} from {:?}", socket.id(), socket.handshake().address());
///     socket.join("game 7").await;
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RemoteSocket {
    namespace: Arc<Namespace>,
    info: SocketInfo,
    timeout: Option<Duration>,
}

/// The contents of the snapshot.
impl RemoteSocket {
    /// Returns the id of the socket.
    pub fn id(&self) -> SocketId {
        self.info.id
    }

    /// Returns the path of the socket's namespace.
    pub fn namespace(&self) -> &str {
        self.namespace.path()
    }

    /// Returns the rooms the socket was in, starting with the room of its id.
    pub fn rooms(&self) -> &[String] {
        &self.info.rooms
    }

    /// Returns the request that opened the client's session.
    pub fn handshake(&self) -> &Handshake {
        &self.info.handshake
    }

    /// Returns the value set with [`Socket::set_data`](crate::Socket::set_data), deserialized as `T`. Returns `None` if
    /// no value is set or if it cannot be deserialized as `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.info.data.as_ref()?.get()).ok()
    }
}

/// Operations on the socket, which is addressed by the room of its id. They have no effect if the socket has
/// disconnected or has left that room.
impl RemoteSocket {
    /// Sends an event to the socket.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.operator().emit(event, args)
    }

    /// Sets how long [`emit_with_ack`](Self::emit_with_ack) waits for the client. Default:
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    #[must_use = "the timeout applies to the returned value"]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends an event to the socket and waits for its ack. The event is sent when the future is first polled.
    ///
    /// # Errors
    ///
    /// Returns an error if the ack does not arrive or cannot be read as `R`: [`AckError::Disconnected`] if the socket
    /// has disconnected.
    ///
    /// # Cancel safety
    ///
    /// The event is sent on the first poll. Dropping the future afterwards ignores the ack.
    pub async fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> Result<R, AckError>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        let operator = match self.timeout {
            Some(timeout) => self.operator().timeout(timeout),
            None => self.operator(),
        };
        let acks = operator.emit_with_ack(event, args).into_future();
        acks.await.pop().unwrap_or(Err(AckError::Disconnected))
    }

    /// Makes the socket join `room`.
    ///
    /// # Cancel safety
    ///
    /// The socket joins on the first poll; a future that is dropped before does nothing.
    pub async fn join(&self, room: impl AsRef<str>) {
        self.operator().sockets_join(room).await;
    }

    /// Makes the socket leave `room`.
    ///
    /// # Cancel safety
    ///
    /// The socket leaves on the first poll; a future that is dropped before does nothing.
    pub async fn leave(&self, room: impl AsRef<str>) {
        self.operator().sockets_leave(room).await;
    }

    /// Disconnects the socket from its namespace. If `close` is `true`, its client is disconnected from all namespaces
    /// and its connection is closed.
    ///
    /// # Cancel safety
    ///
    /// The socket is disconnected on the first poll; a future that is dropped before does nothing.
    pub async fn disconnect(&self, close: bool) {
        self.operator().disconnect_sockets(close).await;
    }

    fn operator(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(&self.namespace)).to(self.info.id)
    }
}

/// Listing sockets.
impl BroadcastOperator {
    /// Returns a snapshot of each selected socket.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// let sockets = io.to("lobby").fetch_sockets().await;
    /// println!("{} sockets in the lobby", sockets.len());
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        let (collector, mut collection) = Collection::new();
        self.namespace().perform(self.selection(), Operation::Fetch { info: collector });
        let mut sockets = Vec::new();
        while let Some(collected) = poll_fn(|cx| collection.poll_next(cx)).await {
            if let Collected::Item(info) = collected {
                let namespace = Arc::clone(self.namespace());
                sockets.push(RemoteSocket { namespace, info, timeout: None });
            }
        }
        sockets
    }
}

#[cfg(feature = "cluster")]
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
#[cfg(feature = "cluster")]
use socketio_core::cluster::{Finished, NodeId};
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
    /// Returns the id of the socket. It is that of a [`SocketId`](crate::SocketId), unless the socket belongs to a Node
    /// server of the cluster that also serves clients of older protocol revisions.
    pub fn id(&self) -> &str {
        &self.info.id
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
        let mut acks = pin!(operator.emit_with_ack(event, args));
        let mut failed = None;
        // In a cluster, nodes without the socket may fail to answer.
        while let Some(ack) = poll_fn(|cx| acks.as_mut().poll_next(cx)).await {
            match ack {
                Err(AckError::Unreachable) => failed = Some(AckError::Unreachable),
                ack => return ack,
            }
        }
        Err(failed.unwrap_or(AckError::Disconnected))
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
        BroadcastOperator::new(Arc::clone(&self.namespace)).to(&*self.info.id)
    }
}

/// Listing sockets.
impl BroadcastOperator {
    /// Returns a snapshot of each selected socket, in a cluster those of other nodes too.
    ///
    /// Nodes that do not answer within five seconds, or the [timeout](Self::timeout), are left out. `try_fetch_sockets`
    /// (feature `cluster`) tells whether there were any.
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
    #[cfg(feature = "cluster")]
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.try_fetch_sockets().await.unwrap_or_else(|incomplete| incomplete.sockets)
    }

    /// Returns a snapshot of each selected socket.
    #[cfg(not(feature = "cluster"))]
    #[allow(missing_docs, reason = "documented above, for builds with all features")]
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.fetch_here().await
    }

    /// Returns a snapshot of each selected socket of all nodes of the cluster, or those that were received and the
    /// reason that some are missing.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// match io.to("lobby").try_fetch_sockets().await {
    ///     Ok(sockets) => println!("{} sockets in the lobby", sockets.len()),
    ///     Err(incomplete) => println!("at least {}: {incomplete}", incomplete.sockets.len()),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a node does not answer within five seconds, or the [timeout](Self::timeout), or if the
    /// connection to the cluster is down.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    #[cfg(feature = "cluster")]
    pub async fn try_fetch_sockets(&self) -> Result<Vec<RemoteSocket>, Incomplete> {
        let timeout = self.requests_timeout().unwrap_or(super::REQUEST_TIMEOUT);
        let others = self.namespace().fetch_others(self.selection(), timeout);
        let mut sockets = self.fetch_here().await;
        let Some(others) = others else { return Ok(sockets) };
        let mut remote = Vec::new();
        let missing = others.collect(&mut remote).await;
        sockets.extend(remote.into_iter().map(|info| self.remote(info)));
        match missing {
            None => Ok(sockets),
            Some(how) => Err(Incomplete { sockets, how }),
        }
    }

    fn remote(&self, info: SocketInfo) -> RemoteSocket {
        RemoteSocket { namespace: Arc::clone(self.namespace()), info, timeout: None }
    }

    async fn fetch_here(&self) -> Vec<RemoteSocket> {
        let (collector, mut collection) = Collection::new();
        self.namespace().perform(self.selection(), Operation::Fetch { info: collector });
        let mut sockets = Vec::new();
        while let Some(collected) = poll_fn(|cx| collection.poll_next(cx)).await {
            if let Collected::Item(info) = collected {
                sockets.push(self.remote(info));
            }
        }
        sockets
    }
}

/// The error of [`BroadcastOperator::try_fetch_sockets`]: sockets of some nodes are missing.
#[cfg(feature = "cluster")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Incomplete {
    /// The snapshots that were received.
    pub sockets: Vec<RemoteSocket>,
    how: Finished,
}

#[cfg(feature = "cluster")]
impl Incomplete {
    /// Returns the ids of the nodes that did not answer, as far as they are known. Node servers are not.
    pub fn missing(&self) -> &[NodeId] {
        match &self.how {
            Finished::Incomplete { names, .. } => names,
            _ => &[],
        }
    }
}

#[cfg(feature = "cluster")]
impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.how {
            Finished::Incomplete { missing: Some(1), .. } => f.write_str("a node did not answer in time"),
            Finished::Incomplete { missing: Some(nodes), .. } => {
                write!(f, "{nodes} nodes did not answer in time")
            }
            Finished::Unreachable => f.write_str("the connection to the cluster is down"),
            Finished::Refused => f.write_str("the request is too large, or too many are pending"),
            Finished::TooLarge => f.write_str("the answers of other nodes are too large"),
            _ => f.write_str("nodes did not answer in time"),
        }
    }
}

#[cfg(feature = "cluster")]
impl std::error::Error for Incomplete {}

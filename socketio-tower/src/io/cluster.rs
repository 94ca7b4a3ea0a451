use std::sync::Arc;

use socketio_core::packet::{FromArgs, ToArgs};

use super::SocketIo;
use crate::ack_error::AckError;
use crate::broadcast::RemoteSocket;
use crate::cluster::{Backend, Cluster, Incomplete, JoinCluster};
use crate::emit_status::EmitStatus;

/// Several servers as one.
impl SocketIo {
    /// Joins a cluster: from then on, broadcasts and other operations on many sockets reach the sockets of all its nodes.
    /// See [`cluster`](crate::cluster).
    ///
    /// Await the result. It resolves when the server is connected and subscribed.
    ///
    /// ```no_run
    /// # #[cfg(feature = "redis")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::cluster::Redis;
    ///
    /// let io = SocketIo::new();
    /// io.join_cluster(Redis::classic("redis://127.0.0.1")?).await?;
    /// io.emit("news", "to the clients of all nodes");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A server can join one cluster, and leaves it when it is [closed](Self::close). While the connection is down, the
    /// server reconnects by itself, and events reach the sockets of this process.
    ///
    /// # Errors
    ///
    /// The future returns an error if the server has already joined a cluster, or if the broker cannot be reached within
    /// ten seconds. In the latter case the server has joined, and keeps trying to connect.
    ///
    /// # Panics
    ///
    /// The future panics outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it was polled has no effect; afterwards, the server has joined.
    pub fn join_cluster(&self, backend: impl Backend) -> JoinCluster {
        JoinCluster::new(Arc::clone(&self.0), Arc::new(backend))
    }

    /// Returns the cluster that the server has joined, if any.
    pub fn cluster(&self) -> Option<Cluster> {
        self.0.cluster().joined().map(|joined| Cluster::new(Arc::clone(joined)))
    }

    /// Returns a snapshot of each socket, or the reason that some are missing; see
    /// [`BroadcastOperator::try_fetch_sockets`](crate::BroadcastOperator::try_fetch_sockets).
    ///
    /// # Errors
    ///
    /// Returns an error if a node of the cluster does not answer.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn try_fetch_sockets(&self) -> Result<Vec<RemoteSocket>, Incomplete> {
        self.root().try_fetch_sockets().await
    }

    /// Sends an event to the other nodes of the cluster; see
    /// [`NamespaceHandle::server_side_emit`](crate::NamespaceHandle::server_side_emit).
    pub fn server_side_emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.root().server_side_emit(event, args)
    }

    /// Sends an event to the other nodes of the cluster and waits for their answers; see
    /// [`NamespaceHandle::server_side_emit_with_ack`](crate::NamespaceHandle::server_side_emit_with_ack).
    ///
    /// # Cancel safety
    ///
    /// The event is sent on the first poll. Dropping the future afterwards ignores the answers.
    pub async fn server_side_emit_with_ack<T, R>(&self, event: &str, args: &T) -> Vec<Result<R, AckError>>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        self.root().server_side_emit_with_ack(event, args).await
    }
}

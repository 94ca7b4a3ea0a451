use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use socketio_core::cluster::NodeId;

use super::driver::Driver;
use super::inbound::Inbound;
use super::jobs::Jobs;
use super::server::Server;
use crate::bus::{Backend, BackendError, ClusterState, Joined};
use crate::entropy::entropy;
use crate::namespace::NamespaceSet;

/// A server that is joining a cluster, from [`SocketIo::join_cluster`](crate::SocketIo::join_cluster). Await it.
#[must_use = "the server joins when this is awaited or `lazily` is called"]
pub struct JoinCluster {
    namespaces: Arc<NamespaceSet>,
    backend: Arc<dyn Backend>,
    timeout: Duration,
}

impl JoinCluster {
    pub(crate) fn new(namespaces: Arc<NamespaceSet>, backend: Arc<dyn Backend>) -> Self {
        Self { namespaces, backend, timeout: CONNECT_TIMEOUT }
    }

    /// Sets how long to wait for the first connection. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Joins without waiting for the first connection. Until it is there, events reach the sockets of this process only.
    ///
    /// ```no_run
    /// # #[cfg(feature = "redis")]
    /// # async fn example(io: socketio_tower::SocketIo) -> Result<(), Box<dyn std::error::Error>> {
    /// use socketio_tower::cluster::Redis;
    ///
    /// io.join_cluster(Redis::classic("redis://127.0.0.1")?).lazily()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the server has already joined a cluster.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub fn lazily(self) -> Result<(), JoinError> {
        self.join().map(drop)
    }

    fn join(self) -> Result<Arc<Joined>, JoinError> {
        // Outside a runtime, this panics before the server has joined.
        let runtime = tokio::runtime::Handle::current();
        let random = entropy();
        let id = NodeId::from_entropy(random[..8].try_into().expect("eight bytes"));
        let mut number = [0; 8];
        number[..7].copy_from_slice(&random[8..]);
        let settings = self.namespaces.server().settings();
        let (hook, ack_timeout) = (settings.on_cluster.clone(), settings.ack_timeout);
        let wire = self.backend.wire();
        let joined = Joined::new(id, u64::from_be_bytes(number), wire, hook, ack_timeout);
        if !self.namespaces.cluster().join(Arc::clone(&joined)) {
            return Err(JoinError::AlreadyJoined);
        }
        self.namespaces.subscribe_to_definitions();
        self.namespaces.subscribe_to_open();
        let jobs = Jobs::new(Arc::clone(&joined));
        let namespaces = Arc::downgrade(&self.namespaces);
        let receiver = Arc::new(Inbound::new(Arc::clone(&joined), namespaces.clone(), Arc::clone(&jobs)));
        let driver = Driver {
            joined: Arc::clone(&joined),
            backend: self.backend,
            receiver,
            jobs,
            server: Server::Node(namespaces),
        };
        runtime.spawn(driver.run());
        Ok(joined)
    }
}

/// The default of the time to wait for the first connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl IntoFuture for JoinCluster {
    type Output = Result<(), JoinError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let timeout = self.timeout;
            let joined = self.join()?;
            if tokio::time::timeout(timeout, joined.connected()).await.is_ok() {
                return Ok(());
            }
            Err(JoinError::Unreachable(match joined.state() {
                ClusterState::Down { error, .. } => error,
                ClusterState::Up | ClusterState::Left => None,
            }))
        })
    }
}

impl fmt::Debug for JoinCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinCluster").field("backend", &self.backend).finish_non_exhaustive()
    }
}

/// The reason that a server has not joined a cluster, or is not connected to it yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JoinError {
    /// The server has already joined a cluster, which it leaves only when it is closed.
    AlreadyJoined,
    /// The broker could not be reached in time; the error is that of the last attempt. The server has joined and keeps
    /// trying: until it is connected, events reach the sockets of this process only.
    Unreachable(Option<BackendError>),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyJoined => f.write_str("the server has already joined a cluster"),
            Self::Unreachable(Some(error)) => write!(f, "the cluster cannot be reached: {error}"),
            Self::Unreachable(None) => f.write_str("the cluster cannot be reached in time"),
        }
    }
}

impl std::error::Error for JoinError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::AlreadyJoined => None,
            Self::Unreachable(error) => error.as_ref()?.source(),
        }
    }
}

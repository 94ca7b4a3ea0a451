use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use socketio_core::cluster::{Destination, NodeId, Operation};
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::ToArgs;

use super::driver::Driver;
use super::jobs::Jobs;
use super::join::CONNECT_TIMEOUT;
use super::server::Server;
use super::{JoinError, server_side};
use crate::broadcast::Selection;
use crate::bus::{Backend, ClusterState, ClusterStats, Joined, NotTold, Receive};
use crate::emit_status::EmitStatus;
use crate::error::ParsePathError;
use crate::socket::with_encoder;

/// A process that sends to the clients of a cluster without being one of its nodes: a worker, a command-line tool, a
/// service of another kind.
///
/// ```no_run
/// # #[cfg(feature = "redis")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use socketio_tower::cluster::{Emitter, Redis};
///
/// let emitter = Emitter::connect(Redis::classic("redis://127.0.0.1")?).await?;
/// emitter.emit("news", "to all clients");
/// emitter.of("/chat")?.to("lobby").emit("message", "to the lobby");
/// emitter.flush().await;
/// # Ok(())
/// # }
/// ```
///
/// It sends over the same connection and with the same limits as a node, and reconnects by itself. The connection ends
/// when the last clone is dropped; [`flush`](Self::flush) waits until everything is sent.
#[derive(Clone)]
pub struct Emitter(Arc<Connection>);

struct Connection(Arc<Joined>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.leave_by(tokio::time::Instant::now());
    }
}

impl Emitter {
    /// Connects to a cluster.
    ///
    /// # Errors
    ///
    /// Returns an error if the broker cannot be reached within ten seconds.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the connection is ended.
    pub async fn connect(backend: impl Backend) -> Result<Self, JoinError> {
        let backend: Arc<dyn Backend> = Arc::new(backend);
        let id = NodeId::parse("emitter").expect("a short text");
        let joined = Joined::emitter(id, backend.wire());
        let jobs = Jobs::new(Arc::clone(&joined));
        let receiver: Arc<dyn Receive> = Arc::new(Nothing);
        let emitter = Self(Arc::new(Connection(Arc::clone(&joined))));
        let driver = Driver { joined: Arc::clone(&joined), backend, receiver, jobs, server: Server::None };
        tokio::spawn(driver.run());
        match tokio::time::timeout(CONNECT_TIMEOUT, joined.connected()).await {
            Ok(()) => Ok(emitter),
            Err(_) => Err(JoinError::Unreachable(match joined.state() {
                ClusterState::Down { error, .. } => error,
                ClusterState::Up | ClusterState::Left => None,
            })),
        }
    }

    /// Returns the state of the connection.
    pub fn state(&self) -> ClusterState {
        self.0.0.state()
    }

    /// Returns the counters of the connection.
    pub fn stats(&self) -> ClusterStats {
        self.0.0.stats()
    }

    /// Waits until everything has been passed to the broker, or dropped because it has waited too long.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn flush(&self) {
        self.0.0.flushed().await;
    }

    /// Selects the sockets of a namespace. A missing `/` is added to its path.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is not valid.
    pub fn of(&self, namespace: &str) -> Result<EmitterOperator, ParsePathError> {
        let namespace = namespace.parse()?;
        Ok(EmitterOperator {
            connection: Arc::clone(&self.0),
            namespace,
            selection: Selection::default(),
            volatile: false,
        })
    }

    /// Selects all sockets of the namespace `/`.
    pub fn all(&self) -> EmitterOperator {
        self.of("/").expect("a valid path")
    }

    /// Sends an event to all sockets of the namespace `/`.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.all().emit(event, args)
    }

    /// Selects the sockets of the namespace `/` in `room`.
    pub fn to(&self, room: impl Into<String>) -> EmitterOperator {
        self.all().to(room)
    }

    /// Selects the sockets of the namespace `/` that are not in `room`.
    pub fn except(&self, room: impl Into<String>) -> EmitterOperator {
        self.all().except(room)
    }
}

/// A selection of sockets of one namespace of a cluster, from an [`Emitter`].
#[derive(Clone)]
#[must_use = "an operator does nothing until `emit` or another operation is called"]
pub struct EmitterOperator {
    connection: Arc<Connection>,
    namespace: NamespacePath,
    selection: Selection,
    volatile: bool,
}

impl EmitterOperator {
    /// Adds the sockets in `room` to the selection. Without any room, all sockets of the namespace are selected.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.selection.rooms.push(room.into());
        self
    }

    /// Excludes the sockets in `room`.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.selection.except.push(room.into());
        self
    }

    /// Discards packets that cannot be sent to a client immediately.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends an event to each selected socket.
    ///
    /// Returns [`EmitStatus::Local`] if the connection is down: the event is sent if the connection is back within five
    /// seconds.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        match with_encoder(|encoder| encoder.event(self.namespace.as_str(), event, args, None)) {
            Ok(packet) => {
                let (path, target) = (self.namespace.as_str(), self.selection.target());
                status(self.joined().broadcast(path, &packet, &target, self.volatile))
            }
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Makes each selected socket join a room.
    pub fn sockets_join(&self, room: impl Into<String>) -> EmitStatus {
        self.operate(Operation::Join { to: self.destination(), rooms: vec![room.into()] })
    }

    /// Makes each selected socket leave a room.
    pub fn sockets_leave(&self, room: impl Into<String>) -> EmitStatus {
        self.operate(Operation::Leave { to: self.destination(), rooms: vec![room.into()] })
    }

    /// Disconnects each selected socket from the namespace. If `close` is `true`, its client is disconnected from all
    /// namespaces and its connection is closed.
    pub fn disconnect_sockets(&self, close: bool) -> EmitStatus {
        self.operate(Operation::Disconnect { to: self.destination(), close })
    }

    /// Sends an event to all nodes, whose [server event handlers](crate::NamespaceBuilder::on_server_event) for the
    /// namespace are called.
    pub fn server_side_emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        match server_side::encode(event, args) {
            Ok(event) => self.operate(Operation::ServerEvent { event }),
            Err(status) => status,
        }
    }

    fn operate(&self, operation: Operation) -> EmitStatus {
        status(self.joined().operate(self.namespace.as_str(), operation).map(drop))
    }

    fn destination(&self) -> Destination {
        Destination { rooms: self.selection.rooms.clone(), except: self.selection.except.clone() }
    }

    fn joined(&self) -> &Joined {
        &self.connection.0
    }
}

fn status(told: Result<(), NotTold>) -> EmitStatus {
    match told {
        Ok(()) => EmitStatus::Queued,
        Err(NotTold::Unreachable) => EmitStatus::Local,
        Err(NotTold::Invalid(error)) => EmitStatus::Invalid(error.into()),
    }
}

/// An emitter receives nothing.
#[derive(Debug)]
struct Nothing;

impl Receive for Nothing {
    fn receive(&self, _: &[u8], _: &Bytes) {}
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").field("state", &self.state()).finish()
    }
}

impl fmt::Debug for EmitterOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitterOperator")
            .field("namespace", &self.namespace)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

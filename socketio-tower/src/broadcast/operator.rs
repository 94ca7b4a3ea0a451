use std::sync::Arc;
use std::time::Duration;

use socketio_core::SocketId;
use socketio_core::packet::ToArgs;

use super::{BroadcastAck, Operation, Selection};
use crate::collection::Collection;
use crate::emit_status::EmitStatus;
use crate::namespace::Namespace;
use crate::socket::{Socket, with_encoder};

/// A selection of sockets of one namespace: those in any of the given rooms, or all, without those in excluded rooms.
///
/// The methods consume and return the operator; clone it to keep and refine a selection. Each socket is in a room that
/// is named by its id, so the id selects a single socket.
///
/// ```
/// let io = socketio_tower::SocketIo::new();
/// let news = io.to("news").to("sport");
/// news.emit("headline", "It works");
/// news.clone().except("muted").emit("headline", "It still works");
/// ```
#[derive(Debug, Clone)]
#[must_use = "an operator does nothing until `emit` or another operation is called"]
pub struct BroadcastOperator {
    namespace: Arc<Namespace>,
    selection: Selection,
    timeout: Option<Duration>,
    volatile: bool,
}

/// Selecting sockets.
impl BroadcastOperator {
    pub(crate) fn new(namespace: Arc<Namespace>) -> Self {
        Self { namespace, selection: Selection::default(), timeout: None, volatile: false }
    }

    pub(super) fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Returns how long to wait for other nodes, if it was set.
    #[cfg(feature = "cluster")]
    pub(super) fn requests_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Excludes the sender.
    pub(crate) fn without(mut self, id: SocketId) -> Self {
        self.selection.without = Some(id);
        self
    }

    /// Adds the sockets in `room` to the selection. Without any room, all sockets of the namespace are selected.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.to("kitchen").to("garden").emit("dinner", ""); // once per socket, even if it is in both rooms
    /// ```
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.selection.rooms.push(room.into());
        self
    }

    /// Excludes the sockets in `room`.
    ///
    /// ```
    /// # fn handler(socket: socketio_tower::Socket) {
    /// socket.to("lobby").except("muted").emit("message", "hello");
    /// # }
    /// ```
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.selection.except.push(room.into());
        self
    }

    /// Discards packets that cannot be sent immediately, for each socket separately; see [`Socket::volatile`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Restricts the selection to sockets of this process, if the server is in a cluster.
    pub fn local(mut self) -> Self {
        self.selection.local = true;
        self
    }

    /// Sets how long [`emit_with_ack`](Self::emit_with_ack) waits for the clients. Default:
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// Sending.
impl BroadcastOperator {
    /// Sends an event to each selected socket. It is encoded once for all sockets.
    ///
    /// Returns [`EmitStatus::Queued`], [`EmitStatus::Invalid`] or, in a cluster, [`EmitStatus::Local`]. The status does
    /// not report sockets whose queue is full; they are treated as by [`Socket::emit`].
    ///
    /// ```
    /// use socketio_tower::{Args, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.to("game 7").emit("move", &Args(("e2", "e4")));
    /// ```
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        match with_encoder(|encoder| encoder.event(self.namespace.path(), event, args, None)) {
            Ok(packet) => self.namespace.broadcast(&self.selection, packet, self.volatile),
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Sends a `message` event, like `send` of the stock clients.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Sends an event to each selected socket and returns their acks, as a stream or, when awaited, in a `Vec`. The
    /// event is sent immediately, even if the acks are not awaited.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// let acks = io.to("players").timeout(Duration::from_secs(2)).emit_with_ack::<_, bool>("ready?", "").await;
    /// let ready = acks.iter().filter(|ack| matches!(ack, Ok(true))).count();
    /// println!("{ready} of {} are ready", acks.len());
    /// # }
    /// ```
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> BroadcastAck<R>
    where
        T: ToArgs + ?Sized,
    {
        let id = self.namespace.new_ack_id();
        let packet = match with_encoder(|encoder| encoder.event(self.namespace.path(), event, args, Some(id)))
        {
            Ok(packet) => packet,
            Err(error) => return BroadcastAck::invalid(error.into()),
        };
        let (collector, acks) = Collection::new();
        let (volatile, timeout) = (self.volatile, self.timeout);
        #[cfg(feature = "cluster")]
        let others =
            self.namespace.ask_others(&self.selection, &packet, volatile, timeout, collector.clone());
        let operation = Operation::Ask { packet, volatile, id, timeout, answers: collector };
        self.namespace.perform(&self.selection, operation);
        let acks = BroadcastAck::new(acks);
        #[cfg(feature = "cluster")]
        let acks = acks.with_others(others);
        acks
    }
}

/// Moving, disconnecting and listing sockets. In a cluster, the async methods also reach the sockets of other nodes: they
/// resolve when the broker has taken the operation, and what is sent to the same sockets afterwards arrives after it.
impl BroadcastOperator {
    /// Makes each selected socket join `room`.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// io.to("lobby").sockets_join("game 7").await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The sockets join on the first poll; a future that is dropped before does nothing.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.operate(Operation::Join { room: room.as_ref().to_owned() }).await;
    }

    /// Makes each selected socket leave `room`.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// io.to("game 7").sockets_leave("lobby").await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The sockets leave on the first poll; a future that is dropped before does nothing.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.operate(Operation::Leave { room: room.as_ref().to_owned() }).await;
    }

    /// Disconnects each selected socket from the namespace. If `close` is `true`, its client is disconnected from all
    /// namespaces and its connection is closed.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// io.to("banned").disconnect_sockets(true).await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The sockets are disconnected on the first poll; a future that is dropped before does nothing.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.operate(Operation::Disconnect { close }).await;
    }

    /// Performs an operation here, and has other nodes perform it. Resolves when the broker of the cluster has taken it.
    async fn operate(&self, operation: Operation) {
        #[cfg(feature = "cluster")]
        let taken = self.namespace.operate_others(&self.selection, &operation);
        self.namespace.perform(&self.selection, operation);
        #[cfg(feature = "cluster")]
        if let Some(taken) = taken {
            // An error means that it was not taken, which is counted.
            taken.await.ok();
        }
    }

    /// Returns the number of selected sockets that are connected to this process.
    pub fn count(&self) -> usize {
        let (collector, mut counts) = Collection::new();
        let selection = Selection { local: true, ..self.selection.clone() };
        self.namespace.perform(&selection, Operation::Count { counts: collector });
        counts.drain().sum()
    }

    /// Returns the selected sockets that are connected to this process.
    ///
    /// ```
    /// # fn example(io: socketio_tower::SocketIo) {
    /// for socket in io.to("lobby").sockets() {
    ///     println!("{} is in {:?}", socket.id(), socket.rooms());
    /// }
    /// # }
    /// ```
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.namespace.for_each_connected(&self.selection, |socket| sockets.push(socket));
        sockets
    }
}

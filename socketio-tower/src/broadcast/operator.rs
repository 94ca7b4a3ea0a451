use std::sync::Arc;
use std::time::Duration;

use socketio_core::SocketId;
use socketio_core::packet::ToArgs;

use super::{BroadcastAck, Operation, Selection};
use crate::collection::Collection;
use crate::emit_status::EmitStatus;
use crate::namespace::Namespace;
use crate::socket::{Socket, with_encoder};

/// A choice of sockets of one namespace: those in any of some rooms, or all, without those in others.
///
/// Every method gives a new choice, so one may be kept and refined. A socket's id is the name of a room
/// in which it is alone.
///
/// ```
/// let io = socketio_tower::SocketIo::new();
/// io.to("news").to("sport").except("muted").emit("headline", "It works");
/// ```
#[derive(Debug, Clone)]
#[must_use = "it only chooses; `emit` sends"]
pub struct BroadcastOperator {
    namespace: Arc<Namespace>,
    selection: Selection,
    timeout: Option<Duration>,
    volatile: bool,
}

/// Choosing.
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

    /// All sockets but the one that speaks.
    pub(crate) fn without(mut self, id: SocketId) -> Self {
        self.selection.without = Some(id);
        self
    }

    /// Adds the sockets in a room. Without any, all sockets of the namespace are chosen.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.selection.rooms.push(room.into());
        self
    }

    /// Takes the sockets in a room away.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.selection.except.push(room.into());
        self
    }

    /// Sends only to those to whom it can leave at once; see [`Socket::volatile`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Chooses among the sockets of this process only. There are no others yet: every server is alone.
    pub fn local(mut self) -> Self {
        self.selection.local = true;
        self
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits for the clients. Default
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// Sending.
impl BroadcastOperator {
    /// Sends an event to each of them once. It is encoded once, whatever their number.
    ///
    /// The answer does not tell whether, and by how many, it was taken: a socket whose queue is full is
    /// treated as after [`Socket::emit`].
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        match with_encoder(|encoder| encoder.event(self.namespace.path(), event, args, None)) {
            Ok(packet) => {
                let operation = Operation::Emit { packet, volatile: self.volatile };
                self.namespace.perform(&self.selection, operation);
                EmitStatus::Queued
            }
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Sends a `message` event, which is what `send` of the stock clients does.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Sends an event to each of them once, and gives their answers: one after the other as a stream, or all of them
    /// when awaited. The event is sent at once, whether or not anybody waits for answers.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// let answers = io.to("players").timeout(Duration::from_secs(2)).emit_with_ack::<_, bool>("ready?", "").await;
    /// let ready = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
    /// println!("{ready} of {} are ready", answers.len());
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
            Err(error) => return BroadcastAck::refused(error.into()),
        };
        let (collector, answers) = Collection::new();
        let (volatile, timeout) = (self.volatile, self.timeout);
        let operation = Operation::Ask { packet, volatile, id, timeout, answers: collector };
        self.namespace.perform(&self.selection, operation);
        BroadcastAck::new(answers)
    }
}

/// Moving, and looking. All but the last are async because on several nodes there is something to wait for.
impl BroadcastOperator {
    /// Lets each of them join a room.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.namespace.perform(&self.selection, Operation::Join { room: room.as_ref().to_owned() });
    }

    /// Lets each of them leave a room.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.namespace.perform(&self.selection, Operation::Leave { room: room.as_ref().to_owned() });
    }

    /// Disconnects each of them from the namespace; with `close`, from all namespaces, and closes their connections.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.namespace.perform(&self.selection, Operation::Disconnect { close });
    }

    /// How many sockets of this process are chosen at the moment.
    pub fn count(&self) -> usize {
        let (collector, mut counts) = Collection::new();
        let selection = Selection { local: true, ..self.selection.clone() };
        self.namespace.perform(&selection, Operation::Count { counts: collector });
        counts.drain().sum()
    }

    /// The sockets of this process that are chosen at the moment.
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.namespace.for_each_connected(&self.selection, |socket| sockets.push(socket));
        sockets
    }
}

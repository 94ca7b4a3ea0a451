use std::cell::Cell;
use std::sync::Arc;

use socketio_core::Encoded;
use socketio_core::namespace::Target;
use socketio_core::packet::ToArgs;

use crate::namespace::Namespace;
use crate::socket::{Sent, Socket, with_encoder};

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
    rooms: Vec<String>,
    except: Vec<String>,
}

impl BroadcastOperator {
    pub(crate) fn new(namespace: Arc<Namespace>) -> Self {
        Self { namespace, rooms: Vec::new(), except: Vec::new() }
    }

    /// Adds the sockets in a room. Without any, all sockets of the namespace are chosen.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Takes the sockets in a room away.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Sends an event to each of them once. It is encoded once, whatever their number.
    ///
    /// The answer does not tell whether, and by how many, it was taken: a socket whose queue is full is
    /// treated as after [`Socket::emit`].
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> Sent {
        match with_encoder(|encoder| encoder.event(self.namespace.path(), event, args, None)) {
            Ok(packet) => {
                let broadcast = Broadcast { rooms: &self.rooms, except: &self.except, packet };
                self.namespace.broadcast(&broadcast);
                Sent::Queued
            }
            Err(error) => Sent::Refused(error.into()),
        }
    }

    /// How many sockets are chosen at the moment.
    pub fn count(&self) -> usize {
        let mut count = 0;
        self.namespace.rooms().select(&Target::rooms(&self.rooms).except(&self.except), |_| count += 1);
        count
    }

    /// The sockets that are chosen at the moment.
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        let target = Target::rooms(&self.rooms).except(&self.except);
        self.namespace.rooms().select(&target, |socket| sockets.push(socket.clone()));
        sockets
    }
}

/// What is sent to whom, as data.
#[derive(Debug)]
pub(crate) struct Broadcast<'a> {
    pub(crate) rooms: &'a [String],
    pub(crate) except: &'a [String],
    pub(crate) packet: Encoded,
}

thread_local! {
    /// The recipients of a broadcast, collected under the namespace's lock and served outside it.
    static RECIPIENTS: Cell<Vec<Socket>> = const { Cell::new(Vec::new()) };
}

/// A list of recipients longer than this is given back after the broadcast.
const KEPT_RECIPIENTS: usize = 64 * 1024;

impl Namespace {
    pub(crate) fn broadcast(&self, broadcast: &Broadcast<'_>) {
        let mut recipients = RECIPIENTS.try_with(Cell::take).unwrap_or_default();
        let target = Target::rooms(broadcast.rooms).except(broadcast.except);
        self.rooms().select(&target, |socket| recipients.push(socket.clone()));
        for socket in recipients.drain(..) {
            socket.send(broadcast.packet.clone());
        }
        if recipients.capacity() <= KEPT_RECIPIENTS {
            // At the thread's end there is no place to keep it.
            RECIPIENTS.try_with(|kept| kept.set(recipients)).ok();
        }
    }
}

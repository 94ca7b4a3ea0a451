use std::time::Instant;

use bytestring::ByteString;

use super::{Accept, AckFailure, AckRequest, Connection, ConnectionEvent, Pending, SocketKey};
use crate::packet::RawJson;
use crate::{DisconnectReason, Encoded};

/// From the application.
impl<A> Connection<A> {
    /// Connects the client to the namespace it asked for; the reply that tells the socket's id is sent.
    /// Its events are parked until [`resume`](Self::resume). None if the client has left meanwhile.
    #[expect(clippy::needless_pass_by_value, reason = "it is to hold what is moved")]
    pub fn accept(&mut self, pending: Pending, accept: Accept) -> Option<SocketKey> {
        let Accept { id } = accept;
        let (socket, namespace) = self.answered(pending);
        if !self.sockets.connect(socket) {
            return None;
        }
        self.connect_deadline = None;
        self.engine.send(self.engine.revision().connect(&namespace, &id));
        if self.sockets.is_full(socket) {
            self.events.push_back(ConnectionEvent::ParkingFull { socket });
        }
        Some(socket)
    }

    /// Refuses the client. It may ask again, and its other sockets are not concerned.
    pub fn reject(&mut self, pending: Pending, message: &str, data: Option<&RawJson>) {
        let (socket, namespace) = self.answered(pending);
        if self.sockets.refuse(socket) {
            self.drop_received(socket);
            self.refuse(&namespace, message, data);
        }
    }

    /// Refuses a client that asks for a namespace which there is not, as the Node server words it.
    pub fn reject_unknown(&mut self, pending: Pending) {
        self.reject(pending, "Invalid namespace", None);
    }

    /// Sends a packet, which must have been encoded for the socket's namespace. With `awaits`, the token
    /// comes back exactly once: with the answer, or with the reason why there is none.
    ///
    /// False if the socket is not connected.
    pub fn send(&mut self, socket: SocketKey, packet: Encoded, request: Option<AckRequest<A>>) -> bool {
        let sent = self.sockets.is_connected(socket) && self.engine.send(packet);
        if let Some(AckRequest { id, token, deadline }) = request {
            let (lost, why) = match sent {
                true => (self.acks.insert(socket, id, token, deadline), AckFailure::Replaced),
                false => (Some(token), AckFailure::Disconnected),
            };
            self.events.extend(lost.map(|token| ConnectionEvent::AckFailed { token, why }));
        }
        sent
    }

    /// Parks the events of a socket from now on. Acks, and the socket's end, are never parked.
    pub fn park(&mut self, socket: SocketKey) {
        self.sockets.shut(socket);
    }

    /// Lets the events of a socket pass, those that were parked first.
    pub fn resume(&mut self, socket: SocketKey) {
        if self.sockets.open(socket) && !self.resumed.contains(&socket) {
            self.resumed.push(socket);
        }
    }

    /// Parks the events of all sockets from now on, beside those that are [parked](Self::park) for themselves: the client as a
    /// whole has enough to be handled. Acks, wishes to connect, and ends are never parked.
    pub fn park_all(&mut self) {
        self.parked = true;
    }

    /// Lets the events of all sockets pass that are not parked for themselves: of those that were parked, one of each socket
    /// in turn.
    pub fn resume_all(&mut self) {
        self.parked = false;
    }

    /// Returns whether the events of all sockets are parked.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Drops the events of a socket that are parked; returns how many there were. A socket that was disconnected keeps them
    /// until they have passed, or are dropped here.
    pub fn forget(&mut self, socket: SocketKey) -> usize {
        self.sockets.forget(socket)
    }

    /// Returns whether events of the socket are parked. After its end too, they pass when it is
    /// [resumed](Self::resume).
    pub fn holds(&self, socket: SocketKey) -> bool {
        self.sockets.holds(socket)
    }

    /// Whether the client still waits for the answer to its wish to connect.
    pub fn is_pending(&self, pending: &Pending) -> bool {
        self.sockets.is_pending(pending.socket)
    }

    /// Disconnects a socket. What the client sends to it before it knows is ignored.
    ///
    /// Nothing happens if the socket is not connected: a handle that is kept too long does not reach a
    /// successor.
    pub fn disconnect(&mut self, socket: SocketKey) {
        if self.sockets.is_connected(socket) {
            self.leave(socket);
        }
    }

    /// Disconnects all sockets, and closes the connection.
    pub fn disconnect_client(&mut self, now: Instant) {
        for socket in self.sockets.keys() {
            self.leave(socket);
        }
        self.close(DisconnectReason::ForcedServerClose, now);
    }

    /// Closes the connection after what was sent to it. A client that polls is waited for, unless it has never asked
    /// for a namespace: then nobody would miss the end.
    pub fn close(&mut self, reason: DisconnectReason, now: Instant) {
        let nobody = self.sockets.is_empty() && self.engine.is_open();
        self.engine.close(reason, now);
        if nobody {
            self.engine.forget();
        }
        self.receive(now);
    }

    /// The application has answered a wish to connect.
    fn answered(&mut self, pending: Pending) -> (SocketKey, ByteString) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.unanswered_bytes = self.unanswered_bytes.saturating_sub(pending.size);
        (pending.socket, pending.namespace)
    }

    /// The server disconnects a socket, or gives up on one that waits to be accepted.
    fn leave(&mut self, socket: SocketKey) {
        let Some(namespace) = self.sockets.namespace(socket) else { return };
        let packet = self.engine.revision().disconnect(namespace);
        let connected = self.sockets.is_connected(socket);
        self.sockets.leave(socket);
        self.drop_received(socket);
        if connected {
            self.engine.send(packet);
            self.ended(socket, DisconnectReason::ServerNamespaceDisconnect);
        }
    }
}

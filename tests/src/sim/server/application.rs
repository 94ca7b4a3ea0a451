use std::time::Duration;

use socketio_core::packet::{AckId, Encoder};
use socketio_core::{Accept, AckRequest, DisconnectReason, Pending, SocketId, SocketKey};

use super::Server;
use crate::sim::{Token, Welcome};

/// Input from the application.
impl Server {
    /// Returns the socket connected to `namespace`.
    pub fn socket(&self, namespace: &str) -> SocketKey {
        self.app.socket(namespace).unwrap_or_else(|| panic!("no socket on {namespace}"))
    }

    /// Returns the last socket that was connected to `namespace`, even if it is gone.
    fn last_socket(&self, namespace: &str) -> SocketKey {
        self.app.last_socket(namespace).unwrap_or_else(|| panic!("no socket was on {namespace}"))
    }

    /// Sends an event with one argument.
    pub fn emit(&mut self, namespace: &str, name: &str, value: &impl serde::Serialize) {
        let socket = self.socket(namespace);
        self.send(socket, name, value, None);
    }

    /// Sends an event that requests an ack, with an optional timeout in milliseconds.
    pub fn ask(&mut self, namespace: &str, name: &str, timeout: Option<u64>) -> Token {
        let socket = self.socket(namespace);
        self.ask_socket(socket, name, timeout)
    }

    /// Like [`ask`](Self::ask), for a socket that may be gone.
    pub fn ask_socket(&mut self, socket: SocketKey, name: &str, timeout: Option<u64>) -> Token {
        let token = self.app.expect_answer();
        self.last_id += 1;
        let deadline = timeout.map(|millis| self.now + Duration::from_millis(millis));
        let request = AckRequest::new(AckId(self.last_id - 1), token, deadline);
        self.send(socket, name, &1, Some(request));
        token
    }

    /// Sends an event to a socket that may be gone.
    pub fn emit_to(&mut self, socket: SocketKey, name: &str, value: &impl serde::Serialize) {
        self.send(socket, name, value, None);
    }

    /// Resumes the events of the last socket on `namespace`, as after its connect handler.
    pub fn resume(&mut self, namespace: &str) {
        let socket = self.last_socket(namespace);
        self.hold(socket, false);
    }

    /// Drops the parked events of the last socket on `namespace`. Returns their number.
    pub fn forget(&mut self, namespace: &str) -> usize {
        let socket = self.last_socket(namespace);
        self.connection.forget(socket)
    }

    /// Parks the events of the socket on `namespace`.
    pub fn park(&mut self, namespace: &str) {
        let socket = self.socket(namespace);
        self.hold(socket, true);
    }

    /// Parks the events of all sockets.
    pub fn park_all(&mut self) {
        self.connection.park_all();
        self.drain();
    }

    /// Resumes the events of all sockets.
    pub fn resume_all(&mut self) {
        self.connection.resume_all();
        self.drain();
    }

    /// Parks or resumes the events of a socket that may be gone.
    pub fn hold(&mut self, socket: SocketKey, parked: bool) {
        self.app.hold(socket, parked);
        match parked {
            true => self.connection.park(socket),
            false => self.connection.resume(socket),
        }
        self.drain();
    }

    /// Decides on the oldest postponed connection request. Returns `false` if there is none.
    pub fn decide(&mut self, welcome: Welcome) -> bool {
        let pending = self.app.next_pending();
        let any = pending.is_some();
        if let Some(pending) = pending {
            self.greet(pending, welcome);
        }
        self.drain();
        any
    }

    /// Disconnects the socket on `namespace`.
    pub fn disconnect(&mut self, namespace: &str) {
        let socket = self.socket(namespace);
        self.disconnect_socket(socket, false);
    }

    /// Disconnects a socket that may be gone, or with `close` the whole connection.
    pub fn disconnect_socket(&mut self, socket: SocketKey, close: bool) {
        match close {
            false => self.connection.disconnect(socket),
            true => self.connection.disconnect_client(self.now),
        }
        self.drain();
    }

    /// Closes the connection.
    pub fn close(&mut self, reason: DisconnectReason) {
        self.connection.close(reason, self.now);
        self.drain();
    }
}

impl Server {
    fn send(
        &mut self,
        socket: SocketKey,
        name: &str,
        value: &impl serde::Serialize,
        request: Option<AckRequest<Token>>,
    ) {
        let id = request.as_ref().map(|request| request.id);
        let namespace = self.app.namespace(socket);
        let packet = Encoder::default().event(namespace, name, value, id).expect("the test's values encode");
        let text = String::from_utf8_lossy(packet.text()).into_owned();
        if self.connection.send(socket, packet, request) {
            self.sent.push_back(text);
        }
        self.drain();
    }

    pub(super) fn greet(&mut self, pending: Pending, welcome: Welcome) {
        let namespace = pending.namespace().to_owned();
        match welcome {
            Welcome::Accept | Welcome::AcceptBusy | Welcome::Wait => {
                let id = SocketId::from_entropy([7; 15]);
                if let Some(socket) = self.connection.accept(pending, Accept::new(id)) {
                    self.app.accepted(socket, &namespace);
                    if matches!(welcome, Welcome::Accept) {
                        self.app.hold(socket, false);
                        self.connection.resume(socket);
                    }
                }
            }
            Welcome::Reject(message) => self.connection.reject(pending, &message, None),
        }
    }
}

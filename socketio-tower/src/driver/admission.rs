use std::sync::Arc;

use socketio_core::{Accept, Pending};

use super::completion::{call, span};
use super::dispatch::Dispatcher;
use super::local::LocalSocket;
use super::running::{Job, Occasion};
use super::turn::Turn;
use crate::handler::{Cause, ConnectContext, ConnectError, ErrorContext, Limit};
use crate::observer::Observation;
use crate::panics::contained;
use crate::socket::Socket;

/// Connection requests: middlewares, acceptance and rejection.
impl Dispatcher {
    /// Creates a socket for a connection request and starts its middlewares.
    pub(super) fn connect(&mut self, mut pending: Pending, turn: &Turn<'_>) {
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        let Some(namespace) = self.namespaces.resolve(pending.namespace()) else {
            self.report(&pending, &Cause::UnknownNamespace);
            self.connection.reject_unknown(pending);
            return;
        };
        // Sockets that have left but still have running handlers count too.
        if self.sockets.len() >= 2 * self.namespaces.server().settings().core.max_namespaces {
            let cause = Cause::LimitReached(Limit::Namespaces);
            self.report(&pending, &cause);
            self.reject(pending, &cause.connect_error());
            return;
        }
        let Some(id) = contained(|| self.namespaces.server().new_socket_id()) else {
            self.report(&pending, &Cause::Panicked);
            self.reject(pending, &Cause::Panicked.connect_error());
            return;
        };
        let (key, auth) = (pending.socket(), pending.take_auth());
        let table = namespace.table();
        let socket =
            Socket::new(id, key, Arc::clone(&self.session), namespace, table, Arc::clone(&self.namespaces));
        let local = LocalSocket::new(socket, auth);
        if contained(|| local.socket.table().make_instances(&local.socket)).is_none() {
            local.socket.report(None, &Cause::Panicked, None);
            self.reject(pending, &Cause::Panicked.connect_error());
            return;
        }
        match local.admission() {
            Some(future) => {
                let span = span(&local.socket, "middleware");
                self.start_job(Job::admission(pending, local, future, span), turn);
            }
            None => self.accept(pending, local, turn),
        }
    }

    /// Drops a request that the client has withdrawn. No reply is sent; the client may have made a new request since.
    fn withdrawn(&mut self, pending: Pending) {
        self.connection.reject(pending, "", None);
    }

    /// Replies to a connection request with an error.
    pub(super) fn reject(&mut self, pending: Pending, error: &ConnectError) {
        self.connection.reject(pending, error.message(), error.data());
    }

    /// Reports a connection request that was rejected before its socket existed.
    fn report(&self, pending: &Pending, cause: &Cause) {
        self.namespaces.report(None, ErrorContext::new(pending.namespace(), &self.session.handshake, cause));
    }

    /// Connects a socket whose middlewares have passed, and runs its connect handler.
    pub(super) fn accept(&mut self, pending: Pending, mut local: LocalSocket, turn: &Turn<'_>) {
        let key = local.socket.key();
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        // The application has disconnected the socket while its middlewares ran.
        if local.socket.is_gone() {
            self.reject(pending, &ConnectError::new("disconnected"));
            return;
        }
        // Membership starts before the reply is queued. Broadcasts still follow the reply, since they come by the
        // mailbox.
        if let Err(barred) = local.connect() {
            let cause = barred.cause();
            local.socket.report(None, &cause, None);
            match cause {
                Cause::UnknownNamespace => self.connection.reject_unknown(pending),
                cause => self.reject(pending, &cause.connect_error()),
            }
            return;
        }
        if self.connection.accept(pending, Accept::new(local.socket.id())).is_none() {
            return;
        }
        let socket = local.socket.clone();
        socket.tell_observers(|client, namespace, socket| Observation::SocketConnected {
            client,
            namespace,
            socket,
        });
        let mut context = ConnectContext { socket: socket.clone(), auth: local.auth.take() };
        self.sockets.insert(local);
        match socket.table().connect() {
            Some(handler) => {
                let span = span(&socket, "connect");
                let called = call(handler, &mut context);
                self.run(key, Occasion::Connect, span, called, turn);
            }
            None => self.connection.resume(key),
        }
    }
}

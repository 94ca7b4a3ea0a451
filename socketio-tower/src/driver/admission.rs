use std::sync::Arc;

use socketio_core::{Accept, Pending};

use super::completion::{call, span};
use super::driver::SessionTask;
use super::local::LocalSocket;
use super::running::{Job, Occasion};
use super::turn::Turn;
use crate::handler::{Cause, ConnectContext, ConnectError, ErrorContext, Limit};
use crate::observer::Observation;
use crate::panics::contained;
use crate::socket::Socket;

/// Clients that wish to connect to a namespace: their middlewares, and what comes of them.
impl SessionTask {
    pub(super) fn connect(&mut self, mut pending: Pending, turn: &mut Turn<'_, '_>) {
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        let Some(namespace) = self.namespaces.resolve(pending.namespace()) else {
            self.report(&pending, &Cause::UnknownNamespace);
            self.connection.reject_unknown(pending);
            return;
        };
        // Those that have left, but whose handlers still run, are counted too.
        if self.sockets.len() >= 2 * self.namespaces.server().settings().core.max_namespaces {
            let cause = Cause::LimitReached(Limit::Namespaces);
            self.report(&pending, &cause);
            self.reject(pending, &cause.refusal());
            return;
        }
        let Some(id) = contained(|| self.namespaces.server().new_socket_id()) else {
            self.report(&pending, &Cause::Panicked);
            self.reject(pending, &Cause::Panicked.refusal());
            return;
        };
        let (key, auth) = (pending.socket(), pending.take_auth());
        let table = namespace.table();
        let socket =
            Socket::new(id, key, Arc::clone(&self.session), namespace, table, Arc::clone(&self.namespaces));
        let local = LocalSocket::new(socket, auth);
        if contained(|| local.socket.table().make_instances(&local.socket)).is_none() {
            local.socket.report(None, &Cause::Panicked, None);
            self.reject(pending, &Cause::Panicked.refusal());
            return;
        }
        match local.admission() {
            Some(future) => {
                let span = span(&local.socket, "middleware");
                self.start(Job::admission(pending, local, future, span), turn);
            }
            None => self.accept(pending, local, turn),
        }
    }

    /// The client has taken its wish back: it gets no answer, but may have another wish instead.
    fn withdrawn(&mut self, pending: Pending) {
        self.connection.reject(pending, "", None);
    }

    pub(super) fn reject(&mut self, pending: Pending, error: &ConnectError) {
        self.connection.reject(pending, error.message(), error.data());
    }

    /// Tells the application of a client that is not let in to a namespace, and has no socket yet.
    fn report(&self, pending: &Pending, cause: &Cause) {
        self.namespaces.report(None, ErrorContext::new(pending.namespace(), &self.session.handshake, cause));
    }

    pub(super) fn accept(&mut self, pending: Pending, mut local: LocalSocket, turn: &mut Turn<'_, '_>) {
        let key = local.socket.key();
        if !self.connection.is_pending(&pending) {
            self.withdrawn(pending);
            return;
        }
        // Disconnected by the application while its middlewares ran.
        if local.socket.is_gone() {
            self.reject(pending, &ConnectError::new("disconnected"));
            return;
        }
        // A member before the reply is queued: a broadcast comes through the mailbox, and so after it.
        if let Err(barred) = local.connect() {
            let cause = barred.cause();
            local.socket.report(None, &cause, None);
            match cause {
                Cause::UnknownNamespace => self.connection.reject_unknown(pending),
                cause => self.reject(pending, &cause.refusal()),
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
        let context = ConnectContext { socket: socket.clone(), auth: local.auth.take() };
        self.sockets.insert(local);
        match socket.table().connect() {
            Some(handler) => {
                let span = span(&socket, "connect");
                self.run(key, Occasion::Connect, span, call(handler, context), turn);
            }
            None => self.connection.resume(key),
        }
    }
}

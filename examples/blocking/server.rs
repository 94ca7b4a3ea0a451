use std::collections::HashMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use socketio_core::{Config, Encoded, SocketId, Transport};

use crate::session::Input;

/// The state shared by all sessions: the configuration and the inputs of all sockets.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) config: Arc<Config>,
    sockets: Mutex<HashMap<SocketId, SyncSender<Input>>>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.transports = [Transport::WebSocket].into_iter().collect();
        Self { config: Arc::new(config), sockets: Mutex::default() }
    }

    pub(crate) fn join(&self, id: SocketId, inputs: SyncSender<Input>) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).insert(id, inputs);
    }

    pub(crate) fn leave(&self, id: &SocketId) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Sends a packet, encoded once, to all sockets. A session whose channel is full misses it, so that a slow client
    /// does not block the others.
    pub(crate) fn broadcast(&self, packet: &Encoded) {
        for inputs in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            inputs.try_send(Input::Broadcast(packet.clone())).ok();
        }
    }
}

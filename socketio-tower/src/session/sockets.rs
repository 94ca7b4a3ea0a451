use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::socket::Socket;

/// The sockets of a session that are connected, for whoever asks. The driver keeps them all in
/// [`LocalSockets`](super::local::LocalSockets).
#[derive(Debug, Default)]
pub(crate) struct ConnectedSockets(Mutex<Inner>);

/// Most clients connect to one namespace, and need no list.
#[derive(Debug, Default)]
enum Inner {
    #[default]
    None,
    One(Socket),
    Many(Vec<Socket>),
}

impl ConnectedSockets {
    pub(crate) fn insert(&self, socket: Socket) {
        let mut inner = self.lock();
        *inner = match std::mem::take(&mut *inner) {
            Inner::None => Inner::One(socket),
            Inner::One(first) => Inner::Many(vec![first, socket]),
            Inner::Many(mut sockets) => {
                sockets.push(socket);
                Inner::Many(sockets)
            }
        };
    }

    pub(crate) fn remove(&self, socket: &Socket) {
        let mut inner = self.lock();
        let removed = match &mut *inner {
            Inner::One(only) if only == socket => std::mem::take(&mut *inner),
            Inner::None | Inner::One(_) => Inner::None,
            Inner::Many(sockets) => {
                let index = sockets.iter().position(|other| other == socket);
                index.map_or(Inner::None, |index| Inner::One(sockets.remove(index)))
            }
        };
        drop(inner);
        // Outside the lock, though whoever removes a socket has another handle to it.
        drop(removed);
    }

    pub(crate) fn all(&self) -> Vec<Socket> {
        let inner = self.lock();
        let sockets = match &*inner {
            Inner::None => &[],
            Inner::One(socket) => std::slice::from_ref(socket),
            Inner::Many(sockets) => sockets.as_slice(),
        };
        sockets.iter().filter(|socket| socket.is_connected()).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

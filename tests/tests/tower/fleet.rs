//! A server, or three in a cluster that look like one.

use std::cell::Cell;
use std::ops::Deref;

use socketio_tower::SocketIo;
use socketio_tower::cluster::Local;
use socketio_tower::testing::{TestClient, TestSocket, settled};

/// The servers of a test. It acts on one, as which the fleet is used; its clients connect to [`host`](Self::host).
pub(crate) struct Fleet {
    nodes: Vec<SocketIo>,
    next: Cell<usize>,
}

impl Fleet {
    /// Returns one server.
    pub(crate) async fn alone(make: impl Fn() -> SocketIo) -> Self {
        Self { nodes: vec![make()], next: Cell::new(0) }
    }

    /// Returns three servers of a cluster. The clients connect to the other two and to the acting one in turn.
    pub(crate) async fn clustered(make: impl Fn() -> SocketIo) -> Self {
        let (bus, nodes) = (Local::new(), vec![make(), make(), make()]);
        for io in &nodes {
            io.join_cluster(bus.clone()).await.expect("the bus is there");
        }
        settled().await;
        Self { nodes, next: Cell::new(0) }
    }

    /// Returns the server for the next client.
    pub(crate) fn host(&self) -> &SocketIo {
        self.next.set((self.next.get() + 1) % self.nodes.len());
        &self.nodes[self.next.get()]
    }

    /// Connects a client to the next server.
    pub(crate) async fn connect(&self) -> TestSocket {
        let client = TestClient::connect(self.host()).await.expect("it is let in");
        settled().await;
        client
    }

    /// Returns the number of sockets in a room of `/`, on all servers.
    pub(crate) fn count(&self, room: &str) -> usize {
        self.nodes.iter().map(|io| io.to(room).count()).sum()
    }
}

/// The server that the test acts on.
impl Deref for Fleet {
    type Target = SocketIo;

    fn deref(&self) -> &SocketIo {
        &self.nodes[0]
    }
}

/// Makes two tests of each function: with one server, and with a cluster of three. The servers come from a function
/// `server` of the module.
macro_rules! alone_and_clustered {
    ($($(#[$attribute:meta])* async fn $name:ident($fleet:ident: Fleet) $body:block)*) => {$(
        $(#[$attribute])*
        #[allow(clippy::unwrap_used, reason = "it is a test")]
        mod $name {
            use super::*;

            async fn body($fleet: Fleet) $body

            #[tokio::test(start_paused = true)]
            async fn alone() {
                body(Fleet::alone(server).await).await;
            }

            #[tokio::test(start_paused = true)]
            async fn clustered() {
                body(Fleet::clustered(server).await).await;
            }
        }
    )*};
}

pub(crate) use alone_and_clustered;

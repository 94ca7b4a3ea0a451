use socketio_tower::cluster::{Channels, Classic, Local, Wire};
use socketio_tower::testing::{TestClient, TestSocket, settled};
use socketio_tower::{NamespaceBuilder, SocketIo, SocketIoBuilder};

/// Servers of one cluster, each with the same handlers.
pub(super) struct Nodes {
    pub(super) bus: Local,
    pub(super) nodes: Vec<SocketIo>,
}

/// The forms that messages may have.
pub(super) fn wires() -> [Wire; 2] {
    [Wire::Channels(Channels::new("socket.io")), Wire::Classic(Classic::new("socket.io"))]
}

impl Nodes {
    /// Starts `count` servers whose namespace `/` has these handlers.
    pub(super) async fn start(count: usize, wire: Wire, define: impl Fn(&mut NamespaceBuilder)) -> Self {
        let mut nodes = Self { bus: Local::with_wire(wire), nodes: Vec::new() };
        for _ in 0..count {
            nodes.add(SocketIo::builder(), &define).await;
        }
        nodes
    }

    /// Adds a server.
    pub(super) async fn add(&mut self, builder: SocketIoBuilder, define: impl Fn(&mut NamespaceBuilder)) {
        let io = builder.build();
        io.of("/", |ns| define(ns));
        io.join_cluster(self.bus.clone()).await.expect("the bus is there");
        self.nodes.push(io);
        settled().await;
    }

    /// Connects a client to each server.
    pub(super) async fn clients<const N: usize>(&self) -> [TestSocket; N] {
        let mut clients = Vec::new();
        for n in 0..N {
            let client = TestClient::connect(&self.nodes[n % self.nodes.len()]).await;
            clients.push(client.expect("it is let in"));
        }
        settled().await;
        clients.try_into().expect("as many as were asked for")
    }
}

impl std::ops::Index<usize> for Nodes {
    type Output = SocketIo;

    fn index(&self, node: usize) -> &SocketIo {
        &self.nodes[node]
    }
}

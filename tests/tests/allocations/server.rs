use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socketio_tower::layer::NotFound;
use socketio_tower::{Data, Socket, SocketIo, SocketIoService};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::heap::uncounted;

/// A server behind hyper, on this thread.
pub(crate) struct Server {
    pub(crate) io: SocketIo,
    runtime: Runtime,
    service: TowerToHyperService<SocketIoService<NotFound>>,
}

impl Server {
    /// Starts a server and lets it serve one client.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        // No ping is sent while a test runs.
        let hour = Duration::from_secs(3600);
        let io = SocketIo::builder().ping_interval(hour).ping_timeout(hour).build();
        io.of("/", |ns| {
            ns.on("text", async |socket: Socket, Data(text): Data<String>| socket.emit("text", &text));
            ns.on("binary", async |socket: Socket, Data(bytes): Data<Bytes>| socket.emit("binary", &bytes));
            ns.on("ack", async |Data(text): Data<String>| text);
        });
        let service = TowerToHyperService::new(io.layer().service());
        let server = Self { io, runtime, service };
        drop(server.connect());
        server.until_empty();
        server
    }

    /// Returns a client that is connected and idle.
    pub(crate) fn connect(&self) -> Client {
        let client = self.accept();
        self.run(client.connect());
        self.rest();
        client
    }

    /// Returns a client that has not sent anything yet.
    pub(crate) fn accept(&self) -> Client {
        self.run(async {
            let (client, end) = Client::new();
            let http = auto::Builder::new(TokioExecutor::new());
            let service = self.service.clone();
            tokio::spawn(async move {
                http.serve_connection_with_upgrades(TokioIo::new(end), service).await.expect("it is served");
            });
            client
        })
    }

    /// Returns `count` clients that are connected and idle.
    pub(crate) fn connect_many(&self, count: usize) -> Vec<Client> {
        let mut clients = uncounted(|| Vec::with_capacity(count));
        for _ in 0..count {
            clients.push(self.connect());
        }
        clients
    }

    /// Runs a future beside the server.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Lets every task that is ready run: there are few, and one turn of the runtime polls sixty.
    pub(crate) fn rest(&self) {
        self.run(async {
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Runs the server until all sessions have ended.
    pub(crate) fn until_empty(&self) {
        self.run(async {
            while self.io.sessions() > 0 {
                tokio::task::yield_now().await;
            }
        });
    }
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use socketio_core::Transport;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::RawJson;
use tokio::sync::{mpsc, oneshot, watch};

use super::builder::TestClientBuilder;
use super::driver::{Command, Driver, Ends};
use super::error::ClientError;
use super::socket::TestSocket;
use super::template::Template;
use crate::SocketIo;

/// One connection of a client, in memory.
///
/// A handle: cloning is cheap. The connection lives as long as one of its handles, among which are its
/// [`TestSocket`]s; then it is dropped without a farewell, as when a browser's tab is closed.
///
/// It answers the server's pings by itself, and reads at once whatever comes.
#[derive(Clone)]
pub struct TestClient(Arc<Shared>);

struct Shared {
    timeout: Duration,
    commands: mpsc::UnboundedSender<Command>,
    transport: watch::Receiver<Option<Transport>>,
}

impl TestClient {
    /// Opens a session over WebSocket and connects it to `/`. For everything else see
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// The server refuses the handshake, or a middleware of `/` the client.
    ///
    /// # Panics
    ///
    /// As [`TestClientBuilder::open`].
    pub async fn connect(io: &SocketIo) -> Result<TestSocket, ClientError> {
        Self::builder().connect(io).await
    }

    /// Settings for a client.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use socketio_tower::testing::TestClient;
    /// use socketio_tower::{NamespaceBuilder, Socket, SocketIo, Transport};
    ///
    /// let io = SocketIo::new();
    /// io.of("/shop", |ns| {
    ///     ns.on("language", async |socket: Socket| {
    ///         socket.handshake().parameter("lang").unwrap_or("en".into()).into_owned()
    ///     });
    /// });
    /// let client = TestClient::builder().polling().query("lang=de").open(&io).await.unwrap();
    /// let shop = client.namespace("/shop").connect().await.unwrap();
    /// let language: String = shop.emit_with_ack("language", &()).await.unwrap();
    /// assert_eq!(language, "de");
    ///
    /// client.upgrade().await.unwrap();
    /// assert_eq!(client.transport(), Some(Transport::WebSocket));
    /// # }
    /// ```
    pub fn builder() -> TestClientBuilder {
        TestClientBuilder::new()
    }

    /// A namespace to be connected to.
    ///
    /// # Panics
    ///
    /// The path cannot be that of a namespace.
    #[track_caller]
    pub fn namespace(&self, path: &str) -> Connecting {
        let namespace = path.parse().unwrap_or_else(|error| panic!("`{path}`: {error}"));
        Connecting { client: self.clone(), namespace, auth: None }
    }

    /// What it speaks over now; none when the connection has ended.
    pub fn transport(&self) -> Option<Transport> {
        *self.0.transport.borrow()
    }

    /// Moves from long polling to a WebSocket, as the stock clients do.
    ///
    /// # Errors
    ///
    /// The server refuses the WebSocket, or it lets it go; the session goes on by polling. Or the client speaks
    /// over a WebSocket already.
    ///
    /// # Panics
    ///
    /// It takes too long.
    pub async fn upgrade(&self) -> Result<(), ClientError> {
        let (done, upgraded) = oneshot::channel();
        self.tell(Command::Upgrade { done });
        self.in_time("the upgrade", upgraded).await.unwrap_or(Err(ClientError::Ended))
    }

    /// Loses the network: a WebSocket is dropped without a close frame, requests that wait are given up, and
    /// nothing is sent any more.
    pub fn lose_network(&self) {
        self.tell(Command::Lose);
    }

    /// Reads nothing any more, until it [resumes](Self::resume): what the server sends piles up there.
    pub fn stall(&self) {
        self.tell(Command::Stall(true));
    }

    /// Reads again.
    pub fn resume(&self) {
        self.tell(Command::Stall(false));
    }

    /// Whether it answers the server's pings. It does, unless it is told not to.
    pub fn answer_pings(&self, answer: bool) {
        self.tell(Command::AnswerPings(answer));
    }

    /// Ends the connection in order: with a close frame, or by a request that says so. Resolves when the
    /// server has ended it too.
    ///
    /// # Panics
    ///
    /// It takes too long.
    pub async fn close(&self) {
        self.tell(Command::Close);
        self.closed().await;
    }

    /// Resolves when the connection has ended, whoever ended it.
    ///
    /// # Panics
    ///
    /// It takes too long.
    pub async fn closed(&self) {
        let mut transport = self.0.transport.clone();
        // An error means that the client's task is gone, and with it the connection.
        self.in_time("the end of the connection", transport.wait_for(Option::is_none)).await.ok();
    }
}

impl TestClient {
    pub(super) async fn open(
        template: Template,
        transport: Transport,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let (commands, commanded) = mpsc::unbounded_channel();
        let (told, known) = watch::channel(None);
        let opening = Driver::open(template, transport, commanded, told);
        tokio::spawn(in_time(timeout, "the handshake", opening).await?);
        Ok(Self(Arc::new(Shared { timeout, commands, transport: known })))
    }

    pub(super) fn tell(&self, command: Command) {
        // A task that has panicked takes none; what is awaited of it says that the connection ended.
        self.0.commands.send(command).ok();
    }

    pub(super) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(super) async fn in_time<F: Future>(&self, what: &str, future: F) -> F::Output {
        in_time(self.0.timeout, what, future).await
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").field("transport", &self.transport()).finish_non_exhaustive()
    }
}

/// A namespace that a client is about to connect to. Made by [`TestClient::namespace`].
#[derive(Debug)]
#[must_use = "nothing is sent until `connect`"]
pub struct Connecting {
    client: TestClient,
    namespace: NamespacePath,
    auth: Option<RawJson>,
}

impl Connecting {
    /// What the server's [`Auth`](crate::Auth) reads: something that serializes to a JSON object.
    ///
    /// # Panics
    ///
    /// It does not serialize.
    #[track_caller]
    pub fn auth<T: Serialize + ?Sized>(mut self, auth: &T) -> Self {
        self.auth = Some(RawJson::of(auth).expect("JSON"));
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// A middleware refuses the client, there is no such namespace, or the connection ends first.
    ///
    /// # Panics
    ///
    /// There is no answer in time.
    pub async fn connect(self) -> Result<TestSocket, ClientError> {
        let Self { client, namespace, auth } = self;
        let (answer, answered) = oneshot::channel();
        let (events, received) = mpsc::unbounded_channel();
        let (ended, end) = watch::channel(None);
        let ends = Ends { events, ended };
        client.tell(Command::Connect { namespace: namespace.clone(), auth, answer, ends });
        let what = format!("the answer of the namespace `{namespace}`");
        let socket = client.in_time(&what, answered).await.map_err(|_| ClientError::Ended)??;
        Ok(TestSocket::new(client, namespace, socket, received, end))
    }
}

async fn in_time<F: Future>(timeout: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(timeout, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} did not come within {timeout:?}"),
    }
}

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

/// An in-memory connection of a client.
///
/// A `TestClient` is a cheaply cloneable handle. The connection is dropped together with its last handle, without a
/// close frame or packet, as if a browser tab were closed. [`TestSocket`]s hold handles too.
///
/// The client replies to the server's pings and reads everything immediately, until a test changes that.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use socketio_tower::testing::{Disconnected, TestClient};
/// use socketio_tower::{Data, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| ns.on("greet", async |Data(name): Data<String>| format!("hello {name}")));
/// let socket = TestClient::connect(&io).await.unwrap();
/// let reply: String = socket.emit_with_ack("greet", "ada").await.unwrap();
/// assert_eq!(reply, "hello ada");
///
/// io.disconnect_sockets(false).await;
/// assert_eq!(socket.disconnected().await, Disconnected::ByServer);
/// # }
/// ```
#[derive(Clone)]
pub struct TestClient(Arc<Shared>);

struct Shared {
    timeout: Duration,
    commands: mpsc::UnboundedSender<Command>,
    transport: watch::Receiver<Option<Transport>>,
}

impl TestClient {
    /// Opens a session over WebSocket and connects to `/`. For other transports, headers or namespaces, use
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects the request, or a middleware of `/` rejects the client.
    ///
    /// # Panics
    ///
    /// Panics like [`TestClientBuilder::open`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect(io: &SocketIo) -> Result<TestSocket, ClientError> {
        Self::builder().connect(io).await
    }

    /// Returns a builder, which sets the transport, query, headers and timeout of a client.
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

    /// Prepares a connection to a namespace, which [`Connecting::connect`] opens.
    ///
    /// # Panics
    ///
    /// Panics if the path is not valid for a namespace.
    #[track_caller]
    pub fn namespace(&self, path: &str) -> Connecting {
        let namespace = path.parse().unwrap_or_else(|error| panic!("`{path}`: {error}"));
        Connecting { client: self.clone(), namespace, auth: None }
    }

    /// Returns the current transport, or `None` if the connection has ended.
    pub fn transport(&self) -> Option<Transport> {
        *self.0.transport.borrow()
    }

    /// Upgrades from long polling to WebSocket, like the stock clients.
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects or closes the WebSocket, in which case the session continues with long
    /// polling, or if the client is already on a WebSocket.
    ///
    /// # Panics
    ///
    /// Panics if the timeout elapses.
    ///
    /// # Cancel safety
    ///
    /// The upgrade starts on the first poll and continues if the future is dropped.
    pub async fn upgrade(&self) -> Result<(), ClientError> {
        let (done, upgraded) = oneshot::channel();
        self.command(Command::Upgrade { done });
        self.in_time("the upgrade", upgraded).await.unwrap_or(Err(ClientError::Ended))
    }

    /// Simulates a loss of the network: drops the WebSocket without a close frame, cancels pending requests, and sends
    /// nothing more.
    pub fn lose_network(&self) {
        self.command(Command::Lose);
    }

    /// Stops reading until [`resume`](Self::resume) is called, so that packets queue up on the server.
    pub fn stall(&self) {
        self.command(Command::Stall(true));
    }

    /// Continues reading after [`stall`](Self::stall).
    pub fn resume(&self) {
        self.command(Command::Stall(false));
    }

    /// Enables or disables replies to the server's pings. Default: enabled.
    pub fn answer_pings(&self, answer: bool) {
        self.command(Command::AnswerPings(answer));
    }

    /// Closes the connection with a close frame, or with a POST of long polling, and waits until the connection has
    /// ended.
    ///
    /// # Panics
    ///
    /// Panics if the timeout elapses.
    ///
    /// # Cancel safety
    ///
    /// The connection is closed on the first poll. Dropping the future afterwards only ends the wait.
    pub async fn close(&self) {
        self.command(Command::Close);
        self.closed().await;
    }

    /// Waits until the connection has ended, for any reason.
    ///
    /// # Panics
    ///
    /// Panics if the timeout elapses.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
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
        let (publish, published) = watch::channel(None);
        let opening = Driver::open(template, transport, commanded, publish);
        tokio::spawn(in_time(timeout, "the handshake", opening).await?);
        Ok(Self(Arc::new(Shared { timeout, commands, transport: published })))
    }

    pub(super) fn command(&self, command: Command) {
        // The send fails if the task has panicked. What the test awaits then reports the end of the connection.
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

/// A connection to a namespace that is not open yet, from [`TestClient::namespace`].
#[derive(Debug)]
#[must_use = "nothing is sent until `connect` is called"]
pub struct Connecting {
    client: TestClient,
    namespace: NamespacePath,
    auth: Option<RawJson>,
}

impl Connecting {
    /// Sets the `auth` payload, which the server reads with [`Auth`](crate::Auth). It must serialize to a JSON object.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use serde_json::json;
    /// use socketio_tower::testing::TestClient;
    /// use socketio_tower::{Auth, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/admin", |ns| {
    ///     ns.middleware(async |Auth(auth): Auth<serde_json::Value>| match auth["token"] == "secret" {
    ///         true => Ok(()),
    ///         false => Err("wrong token".into()),
    ///     });
    /// });
    /// let client = TestClient::builder().open(&io).await.unwrap();
    /// let error = client.namespace("/admin").auth(&json!({ "token": "?" })).connect().await.unwrap_err();
    /// assert_eq!(error.message(), "wrong token");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `auth` cannot be serialized.
    #[track_caller]
    pub fn auth<T: Serialize + ?Sized>(mut self, auth: &T) -> Self {
        self.auth = Some(RawJson::of(auth).expect("`auth` serializes to JSON"));
        self
    }

    /// Connects to the namespace.
    ///
    /// # Errors
    ///
    /// Returns an error if a middleware rejects the client, if the namespace does not exist, or if the connection ends.
    ///
    /// # Panics
    ///
    /// Panics if the timeout elapses.
    ///
    /// # Cancel safety
    ///
    /// The connection request is sent on the first poll. If the future is dropped afterwards, the client may still be
    /// connected to the namespace.
    pub async fn connect(self) -> Result<TestSocket, ClientError> {
        let Self { client, namespace, auth } = self;
        let (reply, replied) = oneshot::channel();
        let (events, received) = mpsc::unbounded_channel();
        let (ended, end) = watch::channel(None);
        let ends = Ends { events, ended };
        client.command(Command::Connect { namespace: namespace.clone(), auth, reply, ends });
        let what = format!("the reply of the namespace `{namespace}`");
        let socket = client.in_time(&what, replied).await.map_err(|_| ClientError::Ended)??;
        Ok(TestSocket::new(client, namespace, socket, received, end))
    }
}

async fn in_time<F: Future>(timeout: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(timeout, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} did not arrive within {timeout:?}"),
    }
}

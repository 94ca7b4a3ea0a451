use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use socketio_core::SocketId;
use socketio_core::client::{Disconnected, SocketKey};
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::{AckId, Event, FromArgs, ToArgs};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::client::TestClient;
use super::driver::Command;
use super::event::TestEvent;
use super::settled;
use crate::ack_error::AckError;
use crate::socket::with_encoder;

/// A client's socket in one namespace.
///
/// Received events are queued in order until the test reads them. The socket keeps its [`client`](Self::client)
/// connected. Dropping it does not disconnect it from the namespace, but discards events that arrive later.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use socketio_tower::testing::TestClient;
/// use socketio_tower::{Data, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("say", async |socket: Socket, Data(text): Data<String>| {
///         socket.broadcast().emit("said", &text);
///     });
/// });
/// let ada = TestClient::connect(&io).await.unwrap();
/// let bob = TestClient::connect(&io).await.unwrap();
/// ada.emit("say", "hello");
/// assert_eq!(bob.expect::<String>("said").await, "hello");
/// ada.expect_nothing().await;
/// # }
/// ```
pub struct TestSocket {
    client: TestClient,
    namespace: NamespacePath,
    socket: SocketKey,
    id: SocketId,
    events: Mutex<mpsc::UnboundedReceiver<(Event, Option<AckId>)>>,
    ended: watch::Receiver<Option<Disconnected>>,
    acks: AtomicU64,
}

impl TestSocket {
    pub(super) fn new(
        client: TestClient,
        namespace: NamespacePath,
        (socket, id): (SocketKey, SocketId),
        events: mpsc::UnboundedReceiver<(Event, Option<AckId>)>,
        ended: watch::Receiver<Option<Disconnected>>,
    ) -> Self {
        let (events, acks) = (Mutex::new(events), AtomicU64::new(0));
        Self { client, namespace, socket, id, events, ended, acks }
    }

    /// Returns the id of the socket, the same as [`Socket::id`](crate::Socket::id) on the server.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// Returns the path of the socket's namespace.
    pub fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    /// Returns the client, whose connection is shared by its sockets in other namespaces.
    pub fn client(&self) -> &TestClient {
        &self.client
    }
}

/// Sending.
impl TestSocket {
    /// Sends an event. Has no effect if the socket is disconnected.
    ///
    /// # Panics
    ///
    /// Panics if the event name is reserved, or if `args` cannot be serialized to JSON.
    #[track_caller]
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) {
        let packet = with_encoder(|encoder| encoder.event(self.namespace(), event, args, None));
        let packet = packet.unwrap_or_else(|error| panic!("`{event}` cannot be sent: {error}"));
        if self.is_connected() {
            self.client.command(Command::Send { socket: self.socket, packet });
        }
    }

    /// Sends an event immediately, and returns a future of the server's ack.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use socketio_tower::testing::TestClient;
    /// use socketio_tower::{Args, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b));
    /// let client = TestClient::connect(&io).await.unwrap();
    /// let sum: i64 = client.emit_with_ack("add", &Args((2, 3))).await.unwrap();
    /// assert_eq!(sum, 5);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the ack does not arrive within [`timeout`](super::TestClientBuilder::timeout), if the socket
    /// disconnects, if the event is invalid, or if the ack cannot be deserialized as `R`.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time. The event is already sent; its ack is ignored.
    pub fn emit_with_ack<T, R>(
        &self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<R, AckError>> + use<T, R>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        let id = AckId(self.acks.fetch_add(1, Ordering::Relaxed));
        let packet = with_encoder(|encoder| encoder.event(self.namespace(), event, args, Some(id)));
        let sent = packet.map(|packet| {
            let (ack, acked) = oneshot::channel();
            self.client.command(Command::SendWithAck { socket: self.socket, id, packet, ack });
            tokio::time::timeout(self.client.timeout(), acked)
        });
        async {
            let acked = sent.map_err(|error| AckError::Invalid(error.into()))?.await;
            let args = acked.map_err(|_| AckError::TimedOut)?.map_err(|_| AckError::Disconnected)?;
            R::from_args(&args).map_err(AckError::Unexpected)
        }
    }

    /// Disconnects the socket from its namespace. The connection stays open until [`TestClient::close`] is called.
    pub fn disconnect(&self) {
        self.client.command(Command::Leave { socket: self.socket });
    }
}

/// Receiving.
impl TestSocket {
    /// Waits for the next event, checks its name and returns its arguments: the first, or all with
    /// [`Args`](crate::Args).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use socketio_tower::testing::TestClient;
    /// use socketio_tower::{Args, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// let client = TestClient::connect(&io).await.unwrap();
    /// io.emit("news", "it works");
    /// io.emit("move", &Args((1, 2)));
    /// assert_eq!(client.expect::<String>("news").await, "it works");
    /// let Args((x, y)): Args<(i32, i32)> = client.expect("move").await;
    /// assert_eq!((x, y), (1, 2));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the next event has another name or other arguments, if no event arrives in time, or if the socket is
    /// disconnected.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped before it completes.
    #[track_caller]
    pub fn expect<T: FromArgs>(&self, event: &str) -> impl Future<Output = T> {
        let caller = Location::caller();
        async move {
            let event = self.expected(event, caller).await;
            event.args().unwrap_or_else(|error| panic!("{event:?}: {error}, at {caller}"))
        }
    }

    /// Waits for the next event, checks its name and returns the event, to acknowledge or inspect it.
    ///
    /// # Panics
    ///
    /// Panics if the next event has another name, if no event arrives in time, or if the socket is disconnected.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped before it completes.
    #[track_caller]
    pub fn expect_event(&self, event: &str) -> impl Future<Output = TestEvent> {
        self.expected(event, Location::caller())
    }

    /// Checks that no further event has arrived after all pending tasks have [settled](super::settled()). To check for
    /// later events as well, let time pass first.
    ///
    /// # Panics
    ///
    /// Panics if there is an event.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    #[track_caller]
    pub fn expect_nothing(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            settled().await;
            if let Ok(event) = self.events.lock().await.try_recv() {
                panic!("expected no event, but {:?} arrived, at {caller}", self.event(event));
            }
        }
    }

    /// Waits for the next event. Returns `None` if the socket is disconnected and no event is left.
    ///
    /// # Panics
    ///
    /// Panics if no event arrives in time.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped before it completes.
    pub async fn next_event(&self) -> Option<TestEvent> {
        let next = async { self.events.lock().await.recv().await };
        self.client.in_time("an event", next).await.map(|event| self.event(event))
    }

    /// Returns `true` if the socket is connected, as far as the client knows.
    pub fn is_connected(&self) -> bool {
        self.ended.borrow().is_none() && self.ended.has_changed().is_ok()
    }

    /// Waits until the socket is disconnected, and returns the cause.
    ///
    /// # Panics
    ///
    /// Panics if the timeout elapses.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn disconnected(&self) -> Disconnected {
        let mut ended = self.ended.clone();
        let end = self.client.in_time("the end of the socket", ended.wait_for(Option::is_some)).await;
        // An error means that the client's task is gone, and with it the connection.
        end.ok().and_then(|end| *end).unwrap_or(Disconnected::WithConnection)
    }
}

impl TestSocket {
    async fn expected(&self, name: &str, caller: &Location<'_>) -> TestEvent {
        let timeout = self.client.timeout();
        let next = async { self.events.lock().await.recv().await };
        match tokio::time::timeout(timeout, next).await {
            Ok(Some(event)) => {
                let event = self.event(event);
                assert!(
                    event.name() == name,
                    "expected the event `{name}`, but {event:?} arrived, at {caller}"
                );
                event
            }
            Ok(None) => {
                let end = self.disconnected().await;
                panic!("expected the event `{name}`, but the socket was disconnected ({end:?}), at {caller}")
            }
            Err(_) => {
                panic!("expected the event `{name}`, but none arrived within {timeout:?}, at {caller}")
            }
        }
    }

    fn event(&self, (event, ack): (Event, Option<AckId>)) -> TestEvent {
        TestEvent::new(event, ack, self.socket, self.namespace.clone(), self.client.clone())
    }
}

impl fmt::Debug for TestSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSocket")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

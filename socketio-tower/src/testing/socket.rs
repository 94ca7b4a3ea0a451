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

/// A client's place in one namespace.
///
/// Events wait until they are asked for, in order. It keeps its [`client`](Self::client) connected; dropped, it
/// does not leave the namespace, but what still comes for it is thrown away.
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

    /// The public name of the socket, the same as [`Socket::id`](crate::Socket::id) on the server.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The path of its namespace.
    pub fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    /// The connection it shares with the client's other sockets.
    pub fn client(&self) -> &TestClient {
        &self.client
    }
}

/// What it sends.
impl TestSocket {
    /// Sends an event. Without effect when the socket is disconnected.
    ///
    /// # Panics
    ///
    /// The event cannot be sent: its name is reserved, or its arguments cannot be written as JSON.
    #[track_caller]
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) {
        let packet = with_encoder(|encoder| encoder.event(self.namespace(), event, args, None));
        let packet = packet.unwrap_or_else(|error| panic!("`{event}` cannot be sent: {error}"));
        if self.is_connected() {
            self.client.tell(Command::Send { socket: self.socket, packet });
        }
    }

    /// Sends an event, at once, and awaits the server's answer.
    ///
    /// # Errors
    ///
    /// There is no answer within [`timeout`](super::TestClientBuilder::timeout), the socket is disconnected,
    /// the event cannot be sent, or the answer is of another type.
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
        let asked = packet.map(|packet| {
            let (answer, answered) = oneshot::channel();
            self.client.tell(Command::Ask { socket: self.socket, id, packet, answer });
            tokio::time::timeout(self.client.timeout(), answered)
        });
        async {
            let answered = asked.map_err(|error| AckError::Invalid(error.into()))?.await;
            let args = answered.map_err(|_| AckError::TimedOut)?.map_err(|_| AckError::Disconnected)?;
            R::from_args(&args).map_err(AckError::Unexpected)
        }
    }

    /// Leaves the namespace. The connection stays, for other namespaces, until it is
    /// [closed](TestClient::close).
    pub fn disconnect(&self) {
        self.client.tell(Command::Leave { socket: self.socket });
    }
}

/// What it receives.
impl TestSocket {
    /// The arguments of the next event, which has this name.
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
    /// The next event has another name or other arguments, none comes in time, or the socket is disconnected.
    #[track_caller]
    pub fn expect<T: FromArgs>(&self, event: &str) -> impl Future<Output = T> {
        let caller = Location::caller();
        async move {
            let event = self.expected(event, caller).await;
            event.args().unwrap_or_else(|error| panic!("{event:?}: {error}, at {caller}"))
        }
    }

    /// The next event, which has this name: to answer it, or to look at it in detail.
    ///
    /// # Panics
    ///
    /// The next event has another name, none comes in time, or the socket is disconnected.
    #[track_caller]
    pub fn expect_event(&self, event: &str) -> impl Future<Output = TestEvent> {
        self.expected(event, Location::caller())
    }

    /// Checks that there is no event that was not asked for, when all that is under way has
    /// [settled](super::settled()). For what must not come later either, let time pass before.
    ///
    /// # Panics
    ///
    /// There is one.
    #[track_caller]
    pub fn expect_nothing(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            settled().await;
            if let Ok(event) = self.events.lock().await.try_recv() {
                panic!("expected no event, but {:?} came, at {caller}", self.event(event));
            }
        }
    }

    /// The next event; none if the socket is disconnected and no event is left.
    ///
    /// # Panics
    ///
    /// None comes in time.
    pub async fn next_event(&self) -> Option<TestEvent> {
        let next = async { self.events.lock().await.recv().await };
        self.client.in_time("an event", next).await.map(|event| self.event(event))
    }

    /// Whether it is connected, as far as the client knows.
    pub fn is_connected(&self) -> bool {
        self.ended.borrow().is_none() && self.ended.has_changed().is_ok()
    }

    /// Resolves when the socket is disconnected, and says by whom.
    ///
    /// # Panics
    ///
    /// It takes too long.
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
                assert!(event.name() == name, "expected the event `{name}`, but {event:?} came, at {caller}");
                event
            }
            Ok(None) => {
                let end = self.disconnected().await;
                panic!("expected the event `{name}`, but the socket was disconnected ({end:?}), at {caller}")
            }
            Err(_) => {
                panic!("expected the event `{name}`, but none came within {timeout:?}, at {caller}")
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

use std::fmt;

use socketio_core::client::SocketKey;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::{AckId, ArgsError, Event, FromArgs, ToArgs};

use super::client::TestClient;
use super::driver::Command;
use crate::socket::with_encoder;

/// An event that a client has received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use socketio_tower::SocketIo;
/// use socketio_tower::testing::TestClient;
///
/// let io = SocketIo::new();
/// let client = TestClient::connect(&io).await.unwrap();
/// let acks = io.emit_with_ack::<_, String>("version", "");
/// let event = client.expect_event("version").await;
/// assert!(event.awaits_ack());
/// event.ack("1.2.3");
/// assert_eq!(acks.await, [Ok("1.2.3".to_owned())]);
/// # }
/// ```
pub struct TestEvent {
    event: Event,
    ack: Option<AckId>,
    socket: SocketKey,
    namespace: NamespacePath,
    client: TestClient,
}

impl TestEvent {
    pub(super) fn new(
        event: Event,
        ack: Option<AckId>,
        socket: SocketKey,
        namespace: NamespacePath,
        client: TestClient,
    ) -> Self {
        Self { event, ack, socket, namespace, client }
    }

    /// Returns the name of the event.
    pub fn name(&self) -> &str {
        self.event.name()
    }

    /// Returns the arguments of the event: the first, or all with [`Args`](crate::Args).
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot be deserialized as `T`.
    pub fn args<T: FromArgs>(&self) -> Result<T, ArgsError> {
        T::from_args(self.event.args())
    }

    /// Returns `true` if the server awaits an ack.
    pub fn awaits_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Acknowledges the event.
    ///
    /// # Panics
    ///
    /// Panics if the server does not await an ack, or if `args` cannot be serialized to JSON.
    #[track_caller]
    pub fn ack<T: ToArgs + ?Sized>(self, args: &T) {
        let Some(id) = self.ack else { panic!("the server does not await an ack of {self:?}") };
        let packet = with_encoder(|encoder| encoder.ack(self.namespace.as_str(), id, args));
        let packet = packet.unwrap_or_else(|error| panic!("{self:?} cannot be acknowledged: {error}"));
        self.client.command(Command::Send { socket: self.socket, packet });
    }
}

/// Writes the name and the arguments, for the messages of failed tests.
impl fmt::Debug for TestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args = self.event.args();
        write!(f, "`{}` [{}]", self.event.name(), args.json())?;
        match args.attachments().len() {
            0 => Ok(()),
            count => write!(f, " with {count} attachments"),
        }
    }
}

use std::fmt;

use socketio_core::client::SocketKey;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::{AckId, ArgsError, Event, FromArgs, ToArgs};

use super::client::TestClient;
use super::driver::Command;
use crate::socket::with_encoder;

/// An event that a client has received.
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

    /// Its name.
    pub fn name(&self) -> &str {
        self.event.name()
    }

    /// Its arguments: of one type the first, of [`Args`](crate::Args) all.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn args<T: FromArgs>(&self) -> Result<T, ArgsError> {
        T::from_args(self.event.args())
    }

    /// Whether the server awaits an answer.
    pub fn awaits_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Answers it.
    ///
    /// # Panics
    ///
    /// The server awaits no answer, or this one cannot be written as JSON.
    #[track_caller]
    pub fn ack<T: ToArgs + ?Sized>(self, args: &T) {
        let Some(id) = self.ack else { panic!("the server request no answer to {self:?}") };
        let packet = with_encoder(|encoder| encoder.ack(self.namespace.as_str(), id, args));
        let packet = packet.unwrap_or_else(|error| panic!("no answer to {self:?}: {error}"));
        self.client.tell(Command::Send { socket: self.socket, packet });
    }
}

/// As a failed test shows it: the name and the arguments.
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

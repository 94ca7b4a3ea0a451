use std::time::Duration;

use socketio_core::cluster::{Answer, Finished, Operation, Question, RawArray};
use socketio_core::packet::{EncodeError, FromArgs, RawArgs, ToArgs};

use crate::ack_error::AckError;
use crate::broadcast::{NamespaceHandle, REQUEST_TIMEOUT, pass_on};
use crate::bus::{NotTold, Reply};
use crate::clock::deadline;
use crate::emit_status::EmitStatus;
use crate::namespace::is_reserved_server_event as is_reserved;
use crate::socket::with_encoder;

/// Events for other nodes of a cluster.
impl NamespaceHandle {
    /// Sends an event to the other nodes of the cluster, whose [server event
    /// handlers](crate::NamespaceBuilder::on_server_event) for this namespace are called. It is not sent to this node, nor
    /// to clients. `serverSideEmit` on the Node server.
    ///
    /// ```
    /// # use socketio_tower::SocketIo;
    /// # let io = SocketIo::new();
    /// # io.of("/admin", |_| {});
    /// if let Some(admin) = io.namespace("/admin") {
    ///     admin.server_side_emit("reload", "permissions");
    /// }
    /// ```
    pub fn server_side_emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        let event = match encode(event, args) {
            Ok(event) => event,
            Err(status) => return status,
        };
        let Some(joined) = self.inner().cluster() else { return EmitStatus::Queued };
        match joined.operate(self.path(), Operation::ServerEvent { event }) {
            Ok(_) => EmitStatus::Queued,
            Err(NotTold::Unreachable) => EmitStatus::Local,
            Err(NotTold::Invalid(error)) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Sends an event to the other nodes of the cluster and waits for their answers, at most five seconds. Returns an item
    /// for each node: the return value of its handler, or an error. Node servers that do not answer are counted, too, but
    /// cannot tell that they have no handler.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// let sessions = io.server_side_emit_with_ack::<_, usize>("sessions?", "").await;
    /// println!("{} sessions on other nodes", sessions.iter().flatten().sum::<usize>());
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event is sent on the first poll. Dropping the future afterwards ignores the answers.
    pub async fn server_side_emit_with_ack<T, R>(&self, event: &str, args: &T) -> Vec<Result<R, AckError>>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        self.ask_servers(event, args, REQUEST_TIMEOUT).await
    }

    async fn ask_servers<T, R>(&self, event: &str, args: &T, timeout: Duration) -> Vec<Result<R, AckError>>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        let event = match encode(event, args) {
            Ok(event) => event,
            Err(EmitStatus::Invalid(error)) => return vec![Err(AckError::Invalid(error))],
            Err(_) => return Vec::new(),
        };
        let Some(joined) = self.inner().cluster() else { return Vec::new() };
        let (waiter, mut replies) = pass_on();
        let pending = joined.ask(self.path(), Question::ServerEvent { event }, deadline(timeout), waiter);
        let mut answers = Vec::new();
        while let Some(reply) = replies.recv().await {
            match reply {
                Reply::Answer(Answer::ServerEvent(args)) => {
                    answers.push(AckError::read(Ok(RawArgs::from(args))));
                }
                Reply::Answer(Answer::Unanswered(_)) => answers.push(Err(AckError::NoHandler)),
                Reply::Answer(_) | Reply::Finished(Finished::Complete) => {}
                Reply::Finished(Finished::Refused) => answers.push(Err(AckError::Full)),
                Reply::Finished(Finished::Incomplete { missing, .. }) => {
                    answers.extend((0..missing.unwrap_or(1)).map(|_| Err(AckError::Unreachable)));
                }
                Reply::Finished(_) => answers.push(Err(AckError::Unreachable)),
            }
        }
        drop(pending);
        answers
    }
}

pub(super) fn encode<T: ToArgs + ?Sized>(event: &str, args: &T) -> Result<RawArray, EmitStatus> {
    if is_reserved(event) {
        return Err(EmitStatus::Invalid(EncodeError::ReservedEvent(event.into()).into()));
    }
    let packet = with_encoder(|encoder| encoder.event("/", event, args, None));
    let packet = packet.map_err(|error| EmitStatus::Invalid(error.into()))?;
    Ok(RawArray::of_packet(&packet).expect("an event is an array"))
}

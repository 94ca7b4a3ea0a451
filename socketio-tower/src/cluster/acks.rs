use std::future::poll_fn;
use std::sync::Arc;

use socketio_core::cluster::{Address, Answer, NoAck, RawArray, RequestId};
use socketio_core::packet::RawArgs;

use crate::ack_error::AckError;
use crate::bus::Joined;
use crate::collection::{Collected, Collection};

/// A question of another node, and the way to answer it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) to: Address,
    /// Whether the asking node understands the answers that Node does not know.
    pub(super) extended: bool,
    pub(super) request: RequestId,
}

/// Answers a broadcast of another node: with the number of sockets that it was sent to, then with the ack of each. A node
/// that does not understand that a socket will not acknowledge waits for its own timeout.
pub(super) fn answer_with_acks(
    joined: Arc<Joined>,
    namespace: &str,
    asked: Asked,
    mut acks: Collection<Result<RawArgs, AckError>>,
) -> impl Future<Output = ()> + Send + use<> {
    acks.gather();
    let namespace = namespace.to_owned();
    let clients = u32::try_from(acks.remaining()).unwrap_or(u32::MAX);
    joined.answer(&asked.to, &namespace, asked.request.clone(), Answer::Clients(clients));
    async move {
        while let Some(ack) = poll_fn(|cx| acks.poll_next(cx)).await {
            let answer = match ack {
                Collected::Item(Ok(args)) => Answer::Ack(RawArray::of_args(&args)),
                Collected::Item(Err(error)) => Answer::Unanswered(reason(&error)),
                Collected::Missing => Answer::Unanswered(NoAck::Disconnected),
            };
            if asked.extended || matches!(answer, Answer::Ack(_)) {
                joined.answer(&asked.to, &namespace, asked.request.clone(), answer);
            }
        }
    }
}

fn reason(error: &AckError) -> NoAck {
    match error {
        AckError::TimedOut => NoAck::TimedOut,
        AckError::Full | AckError::Dropped => NoAck::NotSent,
        _ => NoAck::Disconnected,
    }
}

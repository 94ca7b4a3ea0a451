use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use socketio_core::SocketId;
use socketio_core::packet::{FromArgs, ToArgs};

use super::info::SocketInfo;
use super::{BroadcastOperator, Operation};
use crate::ack_error::AckError;
use crate::collection::{Collected, Collection};
use crate::emit_status::EmitStatus;
use crate::handshake::Handshake;
use crate::namespace::Namespace;

/// What was known of a socket when somebody asked, wherever in a cluster it is; and a way to reach it.
///
/// It does not follow what happens to the socket afterwards. On this process,
/// [`BroadcastOperator::sockets`] gives the sockets themselves.
#[derive(Debug, Clone)]
pub struct RemoteSocket {
    namespace: Arc<Namespace>,
    info: SocketInfo,
    timeout: Option<Duration>,
}

/// What is known of it.
impl RemoteSocket {
    /// Its id.
    pub fn id(&self) -> SocketId {
        self.info.id
    }

    /// The path of its namespace.
    pub fn namespace(&self) -> &str {
        self.namespace.path()
    }

    /// The rooms it was in, the one of its id first.
    pub fn rooms(&self) -> &[String] {
        &self.info.rooms
    }

    /// The request that opened its client's session.
    pub fn handshake(&self) -> &Handshake {
        &self.info.handshake
    }

    /// What [`Socket::set_data`](crate::Socket::set_data) was given, as any type that reads it; none if there is nothing, or if it does not fit.
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.info.data.as_ref()?.get()).ok()
    }
}

/// Reaching it, by the room of its id. If it has gone meanwhile, or has left that room, nothing happens.
impl RemoteSocket {
    /// Sends it an event.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.operator().emit(event, args)
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits, in place of
    /// [`ack_timeout`](crate::SocketIoBuilder::ack_timeout).
    #[must_use = "it changes what is returned"]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it an event and awaits the client's answer.
    ///
    /// # Errors
    ///
    /// There is no answer. If the socket is gone, that is [`AckError::Disconnected`].
    pub async fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> Result<R, AckError>
    where
        T: ToArgs + ?Sized,
        R: FromArgs,
    {
        let operator = match self.timeout {
            Some(timeout) => self.operator().timeout(timeout),
            None => self.operator(),
        };
        let answers = operator.emit_with_ack(event, args).into_future();
        answers.await.pop().unwrap_or(Err(AckError::Disconnected))
    }

    /// Lets it join a room.
    pub async fn join(&self, room: impl AsRef<str>) {
        self.operator().sockets_join(room).await;
    }

    /// Lets it leave a room.
    pub async fn leave(&self, room: impl AsRef<str>) {
        self.operator().sockets_leave(room).await;
    }

    /// Disconnects it from its namespace; with `close`, from all namespaces, and closes its connection.
    pub async fn disconnect(&self, close: bool) {
        self.operator().disconnect_sockets(close).await;
    }

    fn operator(&self) -> BroadcastOperator {
        BroadcastOperator::new(Arc::clone(&self.namespace)).to(self.info.id)
    }
}

/// Looking.
impl BroadcastOperator {
    /// What is known of each of them at the moment.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        let (collector, mut collection) = Collection::new();
        self.namespace().perform(self.selection(), Operation::Fetch { info: collector });
        let mut sockets = Vec::new();
        while let Some(collected) = poll_fn(|cx| collection.poll_next(cx)).await {
            if let Collected::Item(info) = collected {
                let namespace = Arc::clone(self.namespace());
                sockets.push(RemoteSocket { namespace, info, timeout: None });
            }
        }
        sockets
    }
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use socketio_core::Config;

use crate::admission::RequestSettings;
#[cfg(feature = "cluster")]
use crate::bus::ClusterHook;
use crate::handshake::HandshakeSettings;
use crate::observer::Observers;

/// The settings of a server, in addition to the protocol's [`Config`].
pub(crate) struct Settings {
    pub(crate) core: Arc<Config>,
    pub(crate) path: Box<str>,
    pub(crate) websocket_over_http2: bool,
    pub(crate) max_sessions: usize,
    pub(crate) max_queued_bytes: usize,
    pub(crate) overflow: Overflow,
    pub(crate) write_timeout: Duration,
    pub(crate) handler_grace: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) concurrency: usize,
    pub(crate) client_concurrency: usize,
    pub(crate) requests: RequestSettings,
    pub(crate) ids: Option<IdGenerator>,
    pub(crate) handshake: HandshakeSettings,
    pub(crate) observers: Observers,
    #[cfg(feature = "cluster")]
    pub(crate) on_cluster: Option<ClusterHook>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("core", &self.core).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            core: Arc::new(Config::default()),
            path: "/socket.io".into(),
            websocket_over_http2: true,
            max_sessions: 200_000,
            max_queued_bytes: 8 * 1024 * 1024,
            overflow: Overflow::default(),
            write_timeout: Duration::from_secs(20),
            handler_grace: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(5),
            concurrency: 64,
            client_concurrency: 256,
            requests: RequestSettings::default(),
            ids: None,
            handshake: HandshakeSettings::default(),
            observers: Observers::default(),
            #[cfg(feature = "cluster")]
            on_cluster: None,
        }
    }
}

/// Generates the bytes of ids.
#[derive(Clone)]
pub(crate) struct IdGenerator(pub(crate) Arc<dyn Fn() -> [u8; 15] + Send + Sync>);

impl fmt::Debug for IdGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdGenerator")
    }
}

/// The policy for a client whose queue of outgoing bytes is full; see
/// [`SocketIoBuilder::overflow`](crate::SocketIoBuilder::overflow).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Disconnects the client, which may connect again with a new session.
    #[default]
    Close,
    /// Drops the packet and keeps the client connected. `emit` returns [`EmitStatus::Full`](crate::EmitStatus::Full);
    /// broadcasts do not report it.
    Discard,
}

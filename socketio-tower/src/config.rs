use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use socketio_core::Config;

use crate::admission::RequestSettings;
use crate::handshake::HandshakeSettings;
use crate::observer::Observers;

/// What a server keeps to, beyond what the protocol's [`Config`] says.
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
        }
    }
}

/// Makes what ids are made of.
#[derive(Clone)]
pub(crate) struct IdGenerator(pub(crate) Arc<dyn Fn() -> [u8; 15] + Send + Sync>);

impl fmt::Debug for IdGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdGenerator")
    }
}

/// What happens to a client that does not take what is sent to it, when the bytes that wait reach their
/// bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// It is closed; it may connect again and start afresh.
    #[default]
    Close,
    /// It stays, without what was emitted beyond the bound. [`EmitStatus::Full`](crate::EmitStatus::Full) tells the
    /// emitter; the sender of a broadcast is not told.
    Refuse,
}

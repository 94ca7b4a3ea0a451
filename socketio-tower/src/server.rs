use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use socketio_core::{DisconnectReason, Sid, SocketId};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::config::Settings;
use crate::entropy::entropy;
use crate::observer::{Observation, Observers};
use crate::session::{Command, Session, SessionTable};

/// The part of a server that all others share: its settings, its states, its sessions.
#[expect(unnameable_types, reason = "used in the sealed methods of public traits")]
pub struct Server {
    settings: Settings,
    states: States,
    sessions: SessionTable,
    closing: AtomicBool,
    /// The runtime on which the first session was opened.
    runtime: OnceLock<Handle>,
    /// Notified when a session has ended.
    ended: Notify,
}

/// The values of the extractor `State`, by type.
pub(crate) type States = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Server {
    pub(crate) fn new(settings: Settings, states: States) -> Self {
        Self {
            settings,
            states,
            sessions: SessionTable::default(),
            closing: AtomicBool::new(false),
            runtime: OnceLock::new(),
            ended: Notify::new(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn observers(&self) -> &Observers {
        &self.settings.observers
    }

    pub(crate) fn sessions(&self) -> &SessionTable {
        &self.sessions
    }

    pub(crate) fn has_state(&self, id: TypeId) -> bool {
        self.states.contains_key(&id)
    }

    pub(crate) fn state<T: Clone + 'static>(&self) -> Option<T> {
        let state: &dyn Any = self.states.get(&TypeId::of::<T>())?.as_ref();
        state.downcast_ref::<T>().cloned()
    }

    pub(crate) fn new_sid(&self) -> Sid {
        Sid::from_entropy(self.id_bytes())
    }

    pub(crate) fn new_socket_id(&self) -> SocketId {
        SocketId::from_entropy(self.id_bytes())
    }

    fn id_bytes(&self) -> [u8; 15] {
        self.settings.ids.as_ref().map_or_else(entropy, |generator| (generator.0)())
    }

    /// Spawns a future on the caller's runtime, or else on the server's. If there is neither, no session was ever
    /// opened and the future is dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let runtime = Handle::try_current().ok().or_else(|| self.runtime.get().cloned());
        if let Some(runtime) = runtime {
            runtime.spawn(future);
        }
    }

    /// Records the caller's runtime when a session is opened.
    pub(crate) fn session_opens(&self) {
        if self.runtime.get().is_none() {
            self.runtime.set(Handle::current()).ok();
        }
    }

    /// Removes a session that has ended. `reason` is `None` if it was dropped with its runtime.
    pub(crate) fn session_ended(&self, session: &Session, reason: Option<DisconnectReason>) {
        self.sessions.remove(&session.sid, reason);
        self.observers().tell(|| Observation::ClientClosed { client: session.id, reason });
        self.ended.notify_waiters();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Closes every session and rejects new ones. Returns `true` if none is left when `deadline` has elapsed.
    pub(crate) async fn close(&self, deadline: Duration) -> bool {
        self.closing.store(true, Ordering::Release);
        for session in self.sessions.all() {
            let reason = DisconnectReason::ServerShuttingDown;
            session.mailbox.push(Command::Close { reason }).ok();
        }
        let ended = async {
            loop {
                let notified = self.ended.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                if self.sessions.len() == 0 {
                    break;
                }
                notified.await;
            }
        };
        tokio::time::timeout(deadline, ended).await.is_ok()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use socketio_core::namespace::{Dispatcher, NamespacePath, Resolved};

use super::setup::Setup;
use super::{DynamicNamespaces, Namespace, NamespaceHook, Table};
use crate::error::{SetupError, SetupErrors};
use crate::handler::{Cause, ErrorContext, ErrorHook, Requirements};
use crate::observer::Observation;
use crate::panics::contained;
use crate::server::Server;
use crate::socket::Socket;

/// The namespaces of a server, and the server.
#[derive(Debug)]
pub(crate) struct NamespaceSet {
    server: Server,
    /// Told of what concerns no namespace, or one without a hook of its own.
    on_error: Option<ErrorHook>,
    inner: RwLock<Inner>,
    dynamic: Arc<DynamicNamespaces>,
    setup: Setup,
}

/// Settings that concern all namespaces of a server.
#[derive(Debug)]
pub(crate) struct NamespaceSettings {
    pub(crate) max_dynamic: usize,
    pub(crate) on_namespace: Option<NamespaceHook>,
    pub(crate) on_error: Option<ErrorHook>,
}

impl Default for NamespaceSettings {
    fn default() -> Self {
        Self { max_dynamic: 10_000, on_namespace: None, on_error: None }
    }
}

#[derive(Debug, Default)]
struct Inner {
    dispatcher: Dispatcher,
    /// Those that were defined; one with a pattern has handlers, but no sockets.
    namespaces: Vec<Arc<Namespace>>,
}

impl NamespaceSet {
    pub(crate) fn new(server: Server, settings: NamespaceSettings) -> Self {
        Self {
            server,
            on_error: settings.on_error,
            inner: RwLock::default(),
            dynamic: Arc::new(DynamicNamespaces::new(settings.max_dynamic, settings.on_namespace)),
            setup: Setup::default(),
        }
    }

    /// Returns the part of the server that all others share.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Tells the application that something was not handled: the namespace's hook, or else the server's.
    pub(crate) fn report(&self, hook: Option<&ErrorHook>, error: ErrorContext<'_>) {
        // It writes down an error of the application's.
        contained(|| error.trace());
        if let Cause::LimitReached(limit) = error.cause() {
            let (namespace, socket) = (error.namespace(), error.socket().map(Socket::id));
            let limit = *limit;
            self.server.observers().tell(|| Observation::LimitReached { namespace, socket, limit });
        }
        if let Some(hook) = hook.or(self.on_error.as_ref()) {
            hook.call(error);
        }
    }

    /// Keeps mistakes in the set-up until the layer is made.
    ///
    /// # Panics
    ///
    /// Panics if a layer was made already and there is one.
    pub(crate) fn record(&self, errors: impl IntoIterator<Item = SetupError>) {
        self.setup.record(errors);
    }

    /// Ends the set-up, unless it has mistakes: from now on they panic.
    pub(crate) fn finish_setup(&self) -> Result<(), SetupErrors> {
        // A definition that comes meanwhile waits, and is either seen or meets a set-up that is finished.
        let inner = self.read();
        let mut errors = self.setup.errors();
        for namespace in &inner.namespaces {
            errors.extend(self.missing(namespace, namespace.table().requirements()));
        }
        match SetupErrors::new(errors) {
            Some(errors) => Err(errors),
            None => {
                self.setup.finish();
                Ok(())
            }
        }
    }

    /// What the handlers of a namespace ask for, and cannot have.
    fn missing(&self, namespace: &Namespace, requirements: &Requirements) -> Vec<SetupError> {
        let path = || namespace.path().to_owned();
        let missing = requirements.states().filter(|(id, _)| !self.server.has_state(*id));
        let mut errors: Vec<_> =
            missing.map(|(_, state)| SetupError::MissingState { namespace: path(), state }).collect();
        if requirements.needs_captures() && !namespace.is_pattern() {
            errors.push(SetupError::NoPathParameters { namespace: path() });
        }
        errors
    }

    /// The namespace that a client names; one that meets a pattern is made if it is not there.
    pub(crate) fn resolve(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.read();
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(index, captures) => {
                self.dynamic.get_or_make(name, &inner.namespaces[index.get()], captures)
            }
        }
    }

    /// The namespace of this path, if it was defined by that path or lives.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.read();
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(..) => self.dynamic.get(name),
        }
    }

    /// Adds a definition to the namespace of this path or pattern, which clients meet only afterwards if it is new.
    ///
    /// # Panics
    ///
    /// Panics if a layer was made already and the definition has a mistake.
    pub(super) fn add(&self, path: &NamespacePath, mut addition: Table, mut mistakes: Vec<SetupError>) {
        // Declared before the lock, and so dropped after it, as is `addition`: whatever way this ends, they may be the last to
        // hold what handlers have captured.
        let (namespace, mut table);
        let mut inner = self.write();
        let known = inner.namespaces.iter().find(|other| other.path() == path.as_str()).cloned();
        namespace = known.clone().unwrap_or_else(|| Arc::new(Namespace::new(path.clone())));
        table = Table::clone(&namespace.table());
        mistakes.extend(table.merge(&mut addition).into_iter().map(|method| {
            let namespace = path.as_str().to_owned();
            SetupError::SetTwice { namespace, method }
        }));
        if self.setup.is_done() {
            mistakes.extend(self.missing(&namespace, table.requirements()));
        }
        // First, because no client should meet what makes this panic.
        self.setup.record(mistakes);
        if known.is_none() {
            let inserted = match Dispatcher::is_pattern(path) {
                true => inner.dispatcher.insert_pattern(path.clone()),
                false => Ok(inner.dispatcher.insert(path.clone())),
            };
            match inserted {
                Ok(_) => inner.namespaces.push(Arc::clone(&namespace)),
                Err(error) => {
                    self.setup.record([SetupError::Pattern { path: path.as_str().to_owned(), error }]);
                    return;
                }
            }
        }
        namespace.publish(table);
    }

    /// Takes a namespace that was defined, or a pattern, out; gives it, and what lives by it. Nobody becomes a member of
    /// them any more.
    pub(crate) fn remove(&self, path: &str) -> Option<Vec<Arc<Namespace>>> {
        let mut inner = self.write();
        let index = inner.dispatcher.remove(path)?;
        let namespace = inner.namespaces.remove(index.get());
        namespace.remove_itself();
        drop(inner);
        let mut removed = self.dynamic.of(&namespace);
        removed.push(namespace);
        Some(removed)
    }

    /// Those that were defined, patterns among them.
    pub(crate) fn defined(&self) -> Vec<Arc<Namespace>> {
        self.read().namespaces.clone()
    }

    /// Those that have sockets, or may have: patterns are not among them, but what lives by them is.
    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        let mut all = self.defined();
        all.retain(|namespace| !namespace.is_pattern());
        all.extend(self.dynamic.all_open());
        all
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

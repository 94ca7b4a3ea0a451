use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use socketio_core::namespace::{Dispatcher, NamespacePath, Resolved};

use super::setup::Setup;
use super::{DynamicNamespaces, Namespace, NamespaceHook, Table};
#[cfg(feature = "cluster")]
use crate::bus::Slot;
use crate::error::{SetupError, SetupErrors};
use crate::handler::{Cause, ErrorContext, ErrorHook, Requirements};
use crate::observer::Observation;
use crate::panics::contained;
use crate::server::Server;
use crate::socket::Socket;

/// The namespaces of a server, with the state that the whole server shares.
#[derive(Debug)]
pub(crate) struct NamespaceSet {
    server: Server,
    /// The hook for errors that concern no namespace, or one without a hook.
    on_error: Option<ErrorHook>,
    inner: RwLock<Inner>,
    dynamic: Arc<DynamicNamespaces>,
    setup: Setup,
    #[cfg(feature = "cluster")]
    pub(super) cluster: Slot,
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
pub(super) struct Inner {
    dispatcher: Dispatcher,
    /// The defined namespaces. One whose path is a pattern has handlers but no sockets.
    pub(super) namespaces: Vec<Arc<Namespace>>,
}

impl NamespaceSet {
    pub(crate) fn new(server: Server, settings: NamespaceSettings) -> Self {
        Self {
            server,
            on_error: settings.on_error,
            inner: RwLock::default(),
            dynamic: Arc::new(DynamicNamespaces::new(settings.max_dynamic, settings.on_namespace)),
            setup: Setup::default(),
            #[cfg(feature = "cluster")]
            cluster: Slot::default(),
        }
    }

    /// Returns the state shared by the whole server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Reports an error to the namespace's hook, or else to the server's.
    pub(crate) fn report(&self, hook: Option<&ErrorHook>, error: ErrorContext<'_>) {
        // Logging formats an error of the application.
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

    /// Records setup errors until the layer is created.
    ///
    /// # Panics
    ///
    /// Panics if the layer has already been created and there is an error.
    pub(crate) fn record(&self, errors: impl IntoIterator<Item = SetupError>) {
        self.setup.record(errors);
    }

    /// Finishes the setup, unless it has errors. Later setup errors panic.
    pub(crate) fn finish_setup(&self) -> Result<(), SetupErrors> {
        // A concurrent definition waits for the lock. It is either seen here, or finds the setup finished.
        let inner = self.read();
        let mut errors = self.setup.errors();
        for namespace in &inner.namespaces {
            errors.extend(self.missing_requirements(namespace, namespace.table().requirements()));
        }
        match SetupErrors::new(errors) {
            Some(errors) => Err(errors),
            None => {
                self.setup.finish();
                Ok(())
            }
        }
    }

    /// Returns an error for each requirement of a namespace's handlers that is not satisfied.
    fn missing_requirements(&self, namespace: &Namespace, requirements: &Requirements) -> Vec<SetupError> {
        let path = || namespace.path().to_owned();
        let missing = requirements.states().filter(|(id, _)| !self.server.has_state(*id));
        let mut errors: Vec<_> =
            missing.map(|(_, state)| SetupError::MissingState { namespace: path(), state }).collect();
        if requirements.needs_captures() && !namespace.is_pattern() {
            errors.push(SetupError::NoPathParameters { namespace: path() });
        }
        errors
    }

    /// Returns the namespace with this name. Creates a dynamic namespace if the name matches a pattern.
    pub(crate) fn resolve(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.read();
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(index, captures) => {
                self.dynamic.get_or_make(name, &inner.namespaces[index.get()], captures)
            }
        }
    }

    /// Returns the namespace with this path, if it was defined by that path or is open.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.read();
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(..) => self.dynamic.get(name),
        }
    }

    /// Adds a definition to the namespace of this path or pattern. A new namespace becomes visible to clients only
    /// afterwards.
    ///
    /// # Panics
    ///
    /// Panics if the layer has already been created and the definition has an error.
    pub(super) fn add(&self, path: &NamespacePath, mut addition: Table, mut errors: Vec<SetupError>) {
        // Declared before the lock and therefore dropped after it, as is `addition`: on every return path they may hold
        // the last reference to captures of handlers.
        let (namespace, mut table);
        let mut inner = self.write();
        let existing = inner.namespaces.iter().find(|other| other.path() == path.as_str()).cloned();
        namespace = existing.clone().unwrap_or_else(|| Arc::new(self.make(path.clone())));
        table = Table::clone(&namespace.table());
        errors.extend(table.merge(&mut addition).into_iter().map(|method| {
            let namespace = path.as_str().to_owned();
            SetupError::SetTwice { namespace, method }
        }));
        if self.setup.is_done() {
            errors.extend(self.missing_requirements(&namespace, table.requirements()));
        }
        // Recorded first, because clients must not see a definition that causes a panic.
        self.setup.record(errors);
        if existing.is_none() {
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
        drop(inner);
        #[cfg(feature = "cluster")]
        self.subscribe_to_definitions();
    }

    fn make(&self, path: NamespacePath) -> Namespace {
        Namespace {
            #[cfg(feature = "cluster")]
            cluster: self.cluster.clone(),
            ..Namespace::new(path)
        }
    }

    /// Removes a defined namespace or pattern. Returns it with the dynamic namespaces of the pattern. No socket can
    /// join them any longer.
    pub(crate) fn remove(&self, path: &str) -> Option<Vec<Arc<Namespace>>> {
        let mut inner = self.write();
        let index = inner.dispatcher.remove(path)?;
        let namespace = inner.namespaces.remove(index.get());
        namespace.mark_removed();
        drop(inner);
        #[cfg(feature = "cluster")]
        self.subscribe_to_definitions();
        let mut removed = self.dynamic.of(&namespace);
        removed.push(namespace);
        Some(removed)
    }

    /// Returns the defined namespaces, including patterns.
    pub(crate) fn defined(&self) -> Vec<Arc<Namespace>> {
        self.read().namespaces.clone()
    }

    /// Returns the namespaces that may have sockets: defined paths and open dynamic namespaces, but no patterns.
    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        let mut all = self.defined();
        all.retain(|namespace| !namespace.is_pattern());
        all.extend(self.dynamic.all_open());
        all
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::ThreadId;

use socketio_core::namespace::{Dispatcher, NamespacePath, PatternError, Resolved};

use super::setup::Setup;
use super::{Children, Namespace, NamespaceBuilder, NamespaceHook, Table};
use crate::error::{SetupError, SetupErrors};
use crate::handler::{ErrorContext, ErrorHook, Requirements};
use crate::panics::contained;
use crate::server::Server;

/// The namespaces of a server, and the server.
#[derive(Debug)]
pub(crate) struct NamespaceSet {
    server: Server,
    /// Told of what concerns no namespace, or one without a hook of its own.
    on_error: Option<ErrorHook>,
    inner: RwLock<Inner>,
    children: Arc<Children>,
    definitions: Definitions,
    setup: Setup,
}

/// What concerns all namespaces of a server.
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
            children: Arc::new(Children::new(settings.max_dynamic, settings.on_namespace)),
            definitions: Definitions::default(),
            setup: Setup::default(),
        }
    }

    /// What all parts of the server share.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Tells the application that something was not handled: the namespace's hook, or else the server's.
    pub(crate) fn report(&self, hook: Option<&ErrorHook>, error: ErrorContext<'_>) {
        // It writes down an error of the application's.
        contained(|| error.trace());
        if let Some(hook) = hook.or(self.on_error.as_ref()) {
            hook.tell(error);
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
        let mut errors = self.setup.errors();
        for namespace in self.defined() {
            errors.extend(self.missing(&namespace, namespace.table().requirements()));
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
            errors.push(SetupError::NoPattern { namespace: path() });
        }
        errors
    }

    /// The namespace that a client names; one that meets a pattern is made if it is not there.
    pub(crate) fn resolve(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(index, captures) => {
                self.children.get_or_make(name, &inner.namespaces[index.get()], captures)
            }
        }
    }

    /// The namespace of this path, if it was defined by that path or lives.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Namespace>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        match inner.dispatcher.resolve(name)? {
            Resolved::Path(index) => Some(Arc::clone(&inner.namespaces[index.get()])),
            Resolved::Pattern(..) => self.children.living(name),
        }
    }

    /// Defines a namespace, or adds to one.
    pub(crate) fn build(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        let path = match path.parse::<NamespacePath>() {
            Ok(path) => path,
            Err(error) => {
                self.record([SetupError::Namespace { path: path.to_owned(), error }]);
                return;
            }
        };
        let text = path.as_str().to_owned();
        let defined = self.define(path, |namespace| {
            let mut builder = NamespaceBuilder::new(namespace.path(), Table::clone(&namespace.table()));
            define(&mut builder);
            let (table, mut errors) = builder.finish();
            if self.setup.is_done() {
                errors.extend(self.missing(namespace, table.requirements()));
            }
            // First, because no client should meet what makes this panic.
            self.record(errors);
            namespace.publish(table);
        });
        if let Err(error) = defined {
            self.record([SetupError::Pattern { path: text, error }]);
        }
    }

    /// Calls `change` with the namespace of this path or pattern, which clients meet only afterwards if it is new.
    fn define<R>(
        &self,
        path: NamespacePath,
        change: impl FnOnce(&Arc<Namespace>) -> R,
    ) -> Result<R, PatternError> {
        let _defining = self.definitions.begin();
        if let Some(namespace) = self.defined().into_iter().find(|other| other.path() == path.as_str()) {
            return Ok(change(&namespace));
        }
        let pattern = Dispatcher::is_pattern(&path);
        if pattern {
            // Before the application's code runs in vain.
            self.inner
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .dispatcher
                .clone()
                .insert_pattern(path.clone())?;
        }
        let namespace = Arc::new(Namespace::new(path.clone()));
        let result = change(&namespace);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let index =
            if pattern { inner.dispatcher.insert_pattern(path)? } else { inner.dispatcher.insert(path) };
        if index.get() == inner.namespaces.len() {
            inner.namespaces.push(namespace);
        } else {
            // The closure has defined the same path itself; what stands around it is the later definition.
            let table = namespace.table();
            inner.namespaces[index.get()].publish(table.as_ref().clone());
        }
        Ok(result)
    }

    /// Takes a namespace that was defined, or a pattern, out; gives it, and what lives by it. Nobody becomes a member of
    /// them any more.
    pub(crate) fn remove(&self, path: &str) -> Option<Vec<Arc<Namespace>>> {
        let _defining = self.definitions.begin();
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let index = inner.dispatcher.remove(path)?;
        let namespace = inner.namespaces.remove(index.get());
        namespace.remove_itself();
        drop(inner);
        let mut removed = self.children.of(&namespace);
        removed.push(namespace);
        Some(removed)
    }

    /// Those that were defined, patterns among them.
    pub(crate) fn defined(&self) -> Vec<Arc<Namespace>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).namespaces.clone()
    }

    /// Those that have sockets, or may have: patterns are not among them, but what lives by them is.
    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        let mut all = self.defined();
        all.retain(|namespace| !namespace.is_pattern());
        all.extend(self.children.all_living());
        all
    }
}

/// One thread defines at a time, so that what two of them say about one path stands together; that thread may do so
/// inside of a definition too.
#[derive(Debug, Default)]
struct Definitions {
    by: Mutex<Option<(ThreadId, usize)>>,
    free: Condvar,
}

struct Defining<'a>(&'a Definitions);

impl Definitions {
    fn begin(&self) -> Defining<'_> {
        let me = std::thread::current().id();
        let mut by = self.lock();
        while by.is_some_and(|(other, _)| other != me) {
            by = self.free.wait(by).unwrap_or_else(PoisonError::into_inner);
        }
        *by = Some((me, by.map_or(1, |(_, depth)| depth + 1)));
        Defining(self)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(ThreadId, usize)>> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Defining<'_> {
    fn drop(&mut self) {
        let mut by = self.0.lock();
        *by = by.and_then(|(me, depth)| (depth > 1).then_some((me, depth - 1)));
        if by.is_none() {
            self.0.free.notify_one();
        }
    }
}

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use super::method::{Bound, Method};
use super::table::{AnyInstance, InstanceId};
use super::{NamespaceBuilder, Table};
use crate::handler::ExtractError;
use crate::socket::Socket;

/// A namespace as a type: its methods handle the events, its fields are what they share.
///
/// The attribute `namespace` (feature `macros`) implements it from an `impl` block. By hand,
/// [`Instance::handler`] makes a handler of a closure that gets the value first:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use socketio_tower::{Data, Instance, NamespaceBuilder, NamespaceHandlers, SocketIo};
///
/// #[derive(Default)]
/// struct Counter(AtomicU32);
///
/// impl NamespaceHandlers for Counter {
///     fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
///         ns.on("add", instance.handler(async |counter: Arc<Self>, Data(n): Data<u32>| {
///             counter.0.fetch_add(n, Ordering::Relaxed) + n
///         }));
///     }
/// }
///
/// let io = SocketIo::new();
/// io.of("/together", |ns| {
///     ns.handlers(Counter::default()); // one for all sockets
/// });
/// io.of("/alone", |ns| {
///     ns.handlers_per_socket(|_| Counter::default()); // one for each
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no namespace handlers",
    note = "put `#[namespace]` on the `impl` block with its handlers, or implement `NamespaceHandlers` by hand"
)]
pub trait NamespaceHandlers: Sized + Send + Sync + 'static {
    /// Adds the handlers to a namespace. `instance` leads to the value that they are called with.
    fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>);
}

/// Types as namespaces.
impl NamespaceBuilder {
    /// Adds the handlers of a type, all of whose sockets share this one value.
    ///
    /// Closures and other types may stand beside it, as long as there are not two handlers for one event, nor two connect,
    /// disconnect or error hooks; middlewares add up.
    pub fn handlers<T: NamespaceHandlers>(&mut self, value: T) {
        T::define(self, Instance(Source::Shared(Arc::new(value))));
    }

    /// Adds the handlers of a type of which every socket has a value of its own.
    ///
    /// `make` is called for each client that wants to connect, before the middlewares, in the task of the session: it
    /// should be quick. The value may keep the socket it is given. It is dropped when the socket's disconnect handler
    /// has ended, or when a middleware has refused the client. If `make` panics, the client is refused.
    pub fn handlers_per_socket<T, F>(&mut self, make: F)
    where
        T: NamespaceHandlers,
        F: Fn(&Socket) -> T + Send + Sync + 'static,
    {
        let id = InstanceId::new();
        self.table.instances.push((id, Arc::new(move |socket| Arc::new(make(socket)))));
        T::define(self, Instance(Source::PerSocket(id)));
    }
}

/// Leads to the value that the handlers of a [`NamespaceHandlers`] are called with: one for all its sockets, or each socket's
/// own. A handle: cloning is cheap.
pub struct Instance<T>(Source<T>);

enum Source<T> {
    Shared(Arc<T>),
    PerSocket(InstanceId),
}

impl<T: NamespaceHandlers> Instance<T> {
    /// The value for a socket of this namespace. None after the end of a socket that had its own.
    pub fn of(&self, socket: &Socket) -> Option<Arc<T>> {
        match &self.0 {
            Source::Shared(value) => Some(Arc::clone(value)),
            Source::PerSocket(id) => {
                let instances = socket.extensions().get::<Instances>()?;
                let (_, value) = instances.0.iter().find(|(other, _)| other == id)?;
                Arc::clone(value).downcast().ok()
            }
        }
    }

    /// The value for a socket, as an argument of a handler.
    pub(super) fn extract(self, socket: &Socket) -> Result<Arc<T>, ExtractError> {
        match self.0 {
            Source::Shared(value) => Ok(value),
            Source::PerSocket(_) => self
                .of(socket)
                .ok_or_else(|| ExtractError::internal(format!("the socket has no {}", type_name::<T>()))),
        }
    }
}

impl<T> Instance<T> {
    /// Makes a handler of an async function or closure whose first argument is the value, as `Arc<T>`, and whose other
    /// arguments, up to seven, are those of any [handler](crate::handler::Handler).
    pub fn handler<F>(&self, function: F) -> Bound<T, F> {
        Bound::new(self.clone(), function)
    }

    /// What the attribute `namespace` makes of a method.
    #[doc(hidden)]
    pub fn method<C, F, Fut>(&self, call: F) -> Method<T, F>
    where
        F: Fn(Arc<T>, &mut C) -> Result<Fut, ExtractError> + Clone + Send + Sync + 'static,
        Fut: Future + Send + 'static,
    {
        Method::new(self.clone(), call)
    }
}

impl<T> Clone for Instance<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Source::Shared(value) => Source::Shared(Arc::clone(value)),
            Source::PerSocket(id) => Source::PerSocket(*id),
        })
    }
}

impl<T> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::Shared(_) => "Shared",
            Source::PerSocket(_) => "PerSocket",
        })
    }
}

/// The values of one socket. Kept among its extensions, so that sockets without any cost nothing.
#[derive(Clone)]
struct Instances(Arc<[(InstanceId, AnyInstance)]>);

impl Table {
    /// Makes the values that are a socket's own.
    pub(crate) fn make_instances(&self, socket: &Socket) {
        if !self.instances.is_empty() {
            let instances = self.instances.iter().map(|(id, make)| (*id, make(socket))).collect();
            socket.extensions().insert(Instances(instances));
        }
    }
}

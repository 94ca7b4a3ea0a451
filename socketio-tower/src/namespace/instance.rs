use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use super::method::{Bound, Method};
use super::table::{AnyInstance, InstanceId};
use super::{NamespaceBuilder, Table};
use crate::handler::ExtractError;
use crate::socket::Socket;

/// A type whose methods are the handlers of a namespace, and whose fields are their shared state.
///
/// The attribute `namespace` (feature `macros`) implements this trait from an `impl` block.
/// In a manual implementation, [`Instance::handler`] makes a handler of a closure whose first argument is the value:
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
    note = "put `#[namespace]` on the `impl` block with its handlers, or implement `NamespaceHandlers` manually"
)]
pub trait NamespaceHandlers: Sized + Send + Sync + 'static {
    /// Adds the handlers to a namespace. `instance` provides the value that they are called with.
    fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>);
}

/// Namespaces as types.
impl NamespaceBuilder {
    /// Adds the handlers of a type, with one value shared by all sockets.
    ///
    /// Closures and other types can be added next to it, as long as there is at most one handler per event, and one
    /// connect, disconnect and error handler. Middlewares accumulate.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use socketio_tower::{Instance, NamespaceBuilder, NamespaceHandlers, SocketIo};
    ///
    /// struct Greeter(String);
    ///
    /// impl NamespaceHandlers for Greeter {
    ///     fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
    ///         ns.on("greet", instance.handler(async |greeter: Arc<Self>| greeter.0.clone()));
    ///     }
    /// }
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| ns.handlers(Greeter("hello".to_owned())));
    /// ```
    pub fn handlers<T: NamespaceHandlers>(&mut self, value: T) {
        T::define(self, Instance(Source::Shared(Arc::new(value))));
    }

    /// Adds the handlers of a type, with a separate value for each socket.
    ///
    /// `make` is called for each connection request, before the middlewares, in the task of the session, and should be
    /// fast. The value may store the socket passed to `make`. It is dropped after the socket's disconnect handler, or
    /// when a middleware has rejected the request. If `make` panics, the request is rejected.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use socketio_tower::{Instance, NamespaceBuilder, NamespaceHandlers, SocketIo};
    ///
    /// #[derive(Default)]
    /// struct Calls(AtomicU32);
    ///
    /// impl NamespaceHandlers for Calls {
    ///     fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
    ///         ns.on("call", instance.handler(async |calls: Arc<Self>| calls.0.fetch_add(1, Ordering::Relaxed) + 1));
    ///     }
    /// }
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| ns.handlers_per_socket(|_socket| Calls::default()));
    /// ```
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

/// A handle to the value that the handlers of a [`NamespaceHandlers`] are called with: one for all sockets, or one per
/// socket. Cloning is cheap.
pub struct Instance<T>(Source<T>);

enum Source<T> {
    Shared(Arc<T>),
    PerSocket(InstanceId),
}

impl<T: NamespaceHandlers> Instance<T> {
    /// Returns the value for a socket of this namespace. Returns `None` after the end of a socket with a separate
    /// value.
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

    /// Returns the value for a socket, as an argument of a handler.
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
    /// Makes a handler of an async function or closure. Its first argument is the value, as `Arc<T>`; up to seven
    /// further arguments are those of any [handler](crate::handler::Handler).
    pub fn handler<F>(&self, function: F) -> Bound<T, F> {
        Bound::new(self.clone(), function)
    }

    /// Makes a handler of a method, for the attribute `namespace`.
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

/// The separate values of one socket, stored in its extensions, so that sockets without any pay nothing.
#[derive(Clone)]
struct Instances(Arc<[(InstanceId, AnyInstance)]>);

impl Table {
    /// Creates the separate values of a socket.
    pub(crate) fn make_instances(&self, socket: &Socket) {
        if !self.instances.is_empty() {
            let instances = self.instances.iter().map(|(id, make)| (*id, make(socket))).collect();
            socket.extensions().insert(Instances(instances));
        }
    }
}

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use socketio_core::Encoded;
use socketio_core::namespace::is_reserved;
use socketio_core::packet::Event;

use super::Socket;
use super::presence::{Entry, Extras, ListenerId};
use crate::error::SetupError;
use crate::filter::{EventPolicy, Verdict};
use crate::handler::{
    AsyncFilter, BoxFuture, BoxHandler, Cause, EventContext, EventReply, FilterReply, Handler, Judged,
    Requirements,
};
use crate::namespace::{EventHandler, Filter, on};
use crate::observer::{EmittedEvent, Observation};
use crate::panics::contained;

/// Listeners, filters and policy of this socket only, in addition to those of its namespace.
///
/// Most handlers should be registered with the namespace: see [`NamespaceBuilder::on`](crate::NamespaceBuilder::on).
/// Listeners use memory for each socket that has them.
impl Socket {
    /// Registers a listener for an event of this socket. It runs after the namespace's handler for the event and the
    /// listeners registered before. An event may have several listeners.
    ///
    /// The ack is sent with the return value of the namespace's handler, or of the first listener if there is no such
    /// handler. The listener is dropped with the socket, so it may capture a handle to the socket itself.
    ///
    /// # Errors
    ///
    /// - [`SetupError::ReservedEvent`]: the name is reserved by the protocol.
    /// - [`SetupError::Arguments`]: the handler's extractors cannot be combined.
    ///
    /// ```
    /// use socketio_tower::{Data, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("start", async |socket: Socket| {
    ///         let draw = async |socket: Socket, Data(point): Data<[f64; 2]>| {
    ///             socket.broadcast().emit("draw", &point);
    ///         };
    ///         socket.on("draw", draw).map(drop)
    ///     });
    /// });
    /// ```
    pub fn on<H, M>(&self, event: &str, handler: H) -> Result<ListenerId, SetupError>
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        self.listen(event, handler, false)
    }

    /// Like [`on`](Self::on), for the next such event only.
    ///
    /// # Errors
    ///
    /// - [`SetupError::ReservedEvent`]: the name is reserved by the protocol.
    /// - [`SetupError::Arguments`]: the handler's extractors cannot be combined.
    ///
    /// ```
    /// use socketio_tower::{Data, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("order", async |socket: Socket| {
    ///         let confirm = async |Data(sure): Data<bool>| if sure { "ordered" } else { "forgotten" };
    ///         socket.once("confirm", confirm).map(drop)
    ///     });
    /// });
    /// ```
    pub fn once<H, M>(&self, event: &str, handler: H) -> Result<ListenerId, SetupError>
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        self.listen(event, handler, true)
    }

    /// Removes a listener or filter of this socket. Returns `false` if it was already removed.
    ///
    /// ```
    /// use socketio_tower::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_connect(async |socket: Socket| {
    ///         let log = socket.on_any(|socket, event| println!("{}: {}", socket.id(), event.name()));
    ///         // Logs the first minute.
    ///         socket.spawn(async move |socket| {
    ///             tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    ///             socket.off(log);
    ///         });
    ///     });
    /// });
    /// ```
    pub fn off(&self, listener: ListenerId) -> bool {
        self.extras_if_any().is_some_and(|extras| extras.remove(listener))
    }

    /// Removes all listeners of this socket for an event, and returns the number removed. The namespace's handler
    /// stays.
    pub fn off_all(&self, event: &str) -> usize {
        self.extras_if_any().map_or(0, |extras| extras.remove_all(event))
    }

    /// Adds a filter for the events of this socket. It runs after the filters of the namespace and those added before;
    /// see [`NamespaceBuilder::filter`](crate::NamespaceBuilder::filter).
    ///
    /// ```
    /// use socketio_tower::{Socket, Verdict};
    ///
    /// fn make_read_only(socket: &Socket) {
    ///     socket.filter(|_, event| match event.name() {
    ///         "edit" => Verdict::deny("read-only"),
    ///         _ => Verdict::Pass,
    ///     });
    /// }
    /// ```
    pub fn filter(&self, filter: impl Fn(&Self, &Event) -> Verdict + Send + Sync + 'static) -> ListenerId {
        self.add(Entry::Filter(Filter::Now(Arc::new(filter))))
    }

    /// Adds an async filter; see [`NamespaceBuilder::filter_async`](crate::NamespaceBuilder::filter_async).
    ///
    /// # Errors
    ///
    /// Returns [`SetupError::Arguments`] if the filter's extractors cannot be combined.
    pub fn filter_async<H, M>(&self, filter: H) -> Result<ListenerId, SetupError>
    where
        H: Handler<EventContext, M>,
        H::Reply: FilterReply,
        M: 'static,
    {
        let mut requirements = Requirements::of_filter();
        H::require(&mut requirements);
        self.check("filter_async(…)", &requirements)?;
        Ok(self.add(Entry::Filter(Filter::Later(Arc::new(AsyncFilter::filter(filter))))))
    }

    /// Registers a listener for every event received from this socket, provided that the filters added before pass it.
    pub fn on_any(&self, listener: impl Fn(&Self, &Event) + Send + Sync + 'static) -> ListenerId {
        self.filter(move |socket, event| {
            listener(socket, event);
            Verdict::Pass
        })
    }

    /// Registers a listener for every event emitted to this socket; see
    /// [`NamespaceBuilder::on_any_outgoing`](crate::NamespaceBuilder::on_any_outgoing).
    pub fn on_any_outgoing(&self, listener: impl Fn(&Self, &Event) + Send + Sync + 'static) -> ListenerId {
        let listener = self.add(Entry::Outgoing(Arc::new(listener)));
        self.0.presence.lifecycle().listen();
        listener
    }

    /// Returns a handle to change the events that are accepted from this socket. Initially these are set by
    /// [`NamespaceBuilder::policy`](crate::NamespaceBuilder::policy).
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.policy().allow("publish").deny("subscribe");
    /// assert!(socket.policy().allows("publish"));
    /// # }
    /// ```
    pub fn policy(&self) -> SocketPolicy<'_> {
        SocketPolicy(self)
    }

    fn listen<H, M>(&self, event: &str, handler: H, once: bool) -> Result<ListenerId, SetupError>
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        if is_reserved(event) {
            return Err(SetupError::ReservedEvent(event.to_owned()));
        }
        let mut requirements = Requirements::default();
        H::require(&mut requirements);
        self.check(&on(event), &requirements)?;
        let handler = Arc::new(BoxHandler::event(handler));
        Ok(self.add(Entry::Event { name: event.into(), handler, once }))
    }

    fn check(&self, method: &str, requirements: &Requirements) -> Result<(), SetupError> {
        requirements.conflict().map_or(Ok(()), |why| {
            let (namespace, method) = (self.namespace().to_owned(), method.to_owned());
            Err(SetupError::Arguments { namespace, method, why })
        })
    }

    /// Adds an entry. If the socket is gone, the entry is dropped and the returned id refers to nothing.
    fn add(&self, entry: Entry) -> ListenerId {
        self.extras().and_then(|extras| extras.add(entry)).unwrap_or(ListenerId::NONE)
    }
}

impl Socket {
    /// Returns `true` if events go directly to the namespace's handlers: there is no policy, no filter, and no listener
    /// of this socket.
    pub(crate) fn has_no_guards(&self) -> bool {
        self.table().is_open() && self.extras_if_any().is_none_or(|extras| !extras.is_guarded())
    }

    /// Applies the policy and the filters to an event.
    pub(crate) fn filter_event(&self, event: &Event) -> Filtering {
        if !self.allows(event.name()) {
            return Filtering::Done(Verdict::deny("not allowed by the socket's policy"));
        }
        let own = || self.extras_if_any().map_or_else(Vec::new, |extras| extras.filters());
        match self.filter_sync(event, self.table().filters()) {
            Ok(Verdict::Pass) => {}
            Ok(verdict) => return Filtering::Done(verdict),
            Err(rest) => return self.filter_rest(event, [rest, &own()].concat()),
        }
        let own = own();
        match self.filter_sync(event, &own) {
            Ok(verdict) => Filtering::Done(verdict),
            Err(rest) => self.filter_rest(event, rest.to_vec()),
        }
    }

    /// Applies filters up to the first async one. If it is reached, it is returned as the error with those after it.
    fn filter_sync<'a>(&self, event: &Event, filters: &'a [Filter]) -> Result<Verdict, &'a [Filter]> {
        for (index, filter) in filters.iter().enumerate() {
            let Filter::Now(filter) = filter else { return Err(&filters[index..]) };
            let verdict = filter(self, event);
            if verdict != Verdict::Pass {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Pass)
    }

    /// Applies filters in a future, the async ones included.
    fn filter_rest(&self, event: &Event, filters: Vec<Filter>) -> Filtering {
        let (socket, event) = (self.clone(), event.clone());
        Filtering::Waiting(BoxFuture::new(async move {
            for filter in filters {
                let verdict = match filter {
                    Filter::Now(filter) => filter(&socket, &event),
                    Filter::Later(filter) => {
                        // The ack is reserved for the event's handlers.
                        let mut context = EventContext::new(socket.clone(), event.clone(), None);
                        let called = filter.call(&mut context, &mut None);
                        drop(context);
                        called?.await?
                    }
                };
                if verdict != Verdict::Pass {
                    return Ok(verdict);
                }
            }
            Ok(Verdict::Pass)
        }))
    }

    /// Returns the socket's own listeners for an event, and removes those registered with `once`.
    pub(crate) fn listeners(&self, event: &str) -> Vec<(Arc<str>, Arc<EventHandler>)> {
        let extras = self.extras_if_any().filter(|extras| extras.is_guarded());
        extras.map_or_else(Vec::new, |extras| extras.listeners(event))
    }

    /// Notifies observers and outgoing listeners of an emitted event. Acks are not events.
    #[cold]
    pub(super) fn notify_outgoing(&self, packet: &Encoded) {
        let extras = self.extras_if_any().map_or_else(Vec::new, |extras| extras.outgoing());
        let mut listeners = self.table().outgoing().iter().chain(&extras).peekable();
        let observed = EmittedEvent::new(packet).filter(|_| !self.server().observers().is_empty());
        if listeners.peek().is_none() && observed.is_none() {
            return;
        }
        let Some(_guard) = NotifyGuard::begin() else { return };
        if let Some(event) = observed {
            self.tell_observers(|_, namespace, socket| Observation::EventSent { namespace, socket, event });
        }
        if listeners.peek().is_none() {
            return;
        }
        let Some(event) = Event::from_encoded(packet) else { return };
        // A panic of a listener must not reach the caller of `emit`.
        if contained(|| listeners.for_each(|listener| listener(self, &event))).is_none() {
            self.report(Some(event.name()), &Cause::Panicked, None);
        }
    }

    /// Returns the extras of this socket, creating them if necessary, or `None` if the socket is gone.
    pub(super) fn extras(&self) -> Option<&Extras> {
        self.0.presence.extras()
    }

    /// Returns the extras of this socket, if it has any.
    pub(super) fn extras_if_any(&self) -> Option<&Extras> {
        self.0.presence.extras_if_any()
    }

    /// Frees the listeners and values of a socket that has ended, and cancels its tasks.
    pub(crate) fn retire(&self) {
        contained(|| self.0.presence.retire());
        contained(|| self.0.extensions.close());
    }

    fn allows(&self, event: &str) -> bool {
        let initial = self.table().policy();
        let extras = self.extras_if_any();
        extras.map_or_else(
            || initial.allows(event),
            |extras| extras.with_policy(|own| own.unwrap_or(initial).allows(event)),
        )
    }
}

/// The outcome of applying all filters to an event.
pub(crate) enum Filtering {
    /// The verdict.
    Done(Verdict),
    /// A future of the verdict, from the first async filter on.
    Waiting(BoxFuture<Judged>),
}

thread_local! {
    static NOTIFYING: Cell<bool> = const { Cell::new(false) };
}

/// Marks that outgoing listeners run on this thread. Events that they emit are not reported to them: a listener that
/// copies every event to another socket would otherwise recurse without end.
struct NotifyGuard;

impl NotifyGuard {
    fn begin() -> Option<Self> {
        // Not `then_some`, which would create a guard and drop it.
        (!NOTIFYING.replace(true)).then(|| Self)
    }
}

impl Drop for NotifyGuard {
    fn drop(&mut self) {
        NOTIFYING.set(false);
    }
}

/// The policy of one socket, from [`Socket::policy`]. Changes apply from the next event on.
#[derive(Clone, Copy)]
pub struct SocketPolicy<'a>(&'a Socket);

impl SocketPolicy<'_> {
    /// Allows an event in addition to those already allowed.
    pub fn allow(self, event: &str) -> Self {
        self.change(|policy| policy.allow(event))
    }

    /// Denies an event.
    pub fn deny(self, event: &str) -> Self {
        self.change(|policy| policy.deny(event))
    }

    /// Allows every event.
    pub fn allow_all(self) -> Self {
        self.change(|policy| *policy = EventPolicy::all())
    }

    /// Restores the policy of the namespace.
    pub fn reset(self) -> Self {
        if let Some(extras) = self.0.extras_if_any() {
            extras.change_policy(|own| *own = None);
        }
        self
    }

    /// Returns `true` if an event is allowed.
    pub fn allows(self, event: &str) -> bool {
        self.0.allows(event)
    }

    fn change(self, change: impl FnOnce(&mut EventPolicy)) -> Self {
        let initial = self.0.table().policy();
        if let Some(extras) = self.0.extras() {
            extras.change_policy(|own| change(own.get_or_insert_with(|| initial.clone())));
        }
        self
    }
}

impl fmt::Debug for SocketPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketPolicy").field(&self.0.id()).finish()
    }
}

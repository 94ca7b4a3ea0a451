use std::sync::Arc;

use socketio_core::packet::Event;

use super::{Filter, RoomEvent, Table, on};
use crate::error::SetupError;
use crate::filter::{EventPolicy, Verdict};
use crate::handler::{
    AsyncFilter, BoxHandler, ConnectContext, ConnectReply, DisconnectContext, ErrorContext, ErrorHook,
    EventContext, EventReply, FilterReply, Handler, NoReply, Requirements,
};
use crate::socket::Socket;

/// What a namespace does: handed to the closure of [`SocketIo::of`](crate::SocketIo::of), and published
/// whole when the closure ends. Its methods return nothing, so that a closure may be one call:
///
/// ```
/// let io = socketio_tower::SocketIo::new();
/// io.of("/clock", |ns| ns.on("now", async || format!("{:?}", std::time::SystemTime::now())));
/// ```
///
/// Said again for the same path, it adds: middlewares, filters and listeners add up, and of everything else there is one;
/// a second is a [mistake](crate::SetupError::SetTwice). Clients that are connected keep what they met.
///
/// A life begins with the middlewares, which may refuse it. Then the client is told that it is connected.
/// Then the connect handler runs; what the client sends meanwhile is parked and handled afterwards, in
/// order. At its end, when no handler of the socket runs any more, the disconnect handler runs once.
#[derive(Debug)]
pub struct NamespaceBuilder {
    path: String,
    pub(super) table: Table,
    pub(super) errors: Vec<SetupError>,
}

impl NamespaceBuilder {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), table: Table::default(), errors: Vec::new() }
    }

    pub(super) fn finish(self) -> (Table, Vec<SetupError>) {
        (self.table, self.errors)
    }

    /// The first stands; that there is another is a mistake.
    fn set<T>(&mut self, method: &str, place: impl FnOnce(&mut Table) -> &mut Option<T>, handler: T) {
        let place = place(&mut self.table);
        if place.is_none() {
            *place = Some(handler);
        } else {
            self.set_twice(format!("{method}(…)"));
        }
    }

    fn set_twice(&mut self, method: String) {
        self.errors.push(SetupError::SetTwice { namespace: self.path.clone(), method });
    }

    /// Handles an event. What the handler returns is the client's ack, if it awaits one.
    ///
    /// Events of one socket are handed to their handlers in order of arrival; a handler that waits does
    /// not hold up those that come after. Whatever the handler captures is cloned for each call: what
    /// calls have in common stands in an `Arc`, or in a [`State`](crate::extract::State).
    ///
    /// The names `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener` and
    /// `removeListener` are the protocol's; they are refused when the layer is made, and so is a second
    /// handler for the same event.
    ///
    /// ```
    /// use socketio_tower::{Args, Data, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("shout", async |socket: Socket, Data(text): Data<String>| {
    ///         socket.broadcast().emit("shout", &text);
    ///     });
    ///     ns.on("add", async |Args((a, b)): Args<(i64, i64)>| a + b);
    /// });
    /// ```
    ///
    /// An argument that the event does not have is refused by the compiler:
    ///
    /// ```compile_fail
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on("x", async |rooms: socketio_tower::Rooms| {});
    /// });
    /// ```
    pub fn on<H, M>(&mut self, event: &str, handler: H)
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        match self.table.names.insert(event) {
            Ok(index) if index.get() == self.table.events.len() => {
                self.table.events.push(Arc::new(BoxHandler::event(handler)));
                self.require(&on(event), H::require);
            }
            Ok(_) => self.set_twice(on(event)),
            Err(_) => self.errors.push(SetupError::ReservedEvent(event.to_owned())),
        }
    }

    /// Runs when a client has been connected. Its events wait until the handler has ended, but acks do
    /// not: it may emit and await the answer.
    ///
    /// If it fails, panics, or cannot have its arguments, the socket is disconnected.
    pub fn on_connect<H, M>(&mut self, handler: H)
    where
        H: Handler<ConnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        self.set("on_connect", |table| &mut table.connect, Arc::new(BoxHandler::connect(handler)));
        self.require("on_connect(…)", H::require);
    }

    /// Runs once when a socket has been disconnected, by whomever. It is in no room any more; the rooms
    /// it was in are an argument.
    ///
    /// There is no event, and so no [`Data`](crate::Data):
    ///
    /// ```compile_fail
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_disconnect(async |text: socketio_tower::Data<String>| {});
    /// });
    /// ```
    pub fn on_disconnect<H, M>(&mut self, handler: H)
    where
        H: Handler<DisconnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        self.set("on_disconnect", |table| &mut table.disconnect, Arc::new(BoxHandler::disconnect(handler)));
        self.require("on_disconnect(…)", H::require);
    }

    /// Adds a handler that decides whether a client may connect, after those that were added before.
    /// `Err` refuses it: the client's `connect_error` event gets the message and the data. An argument
    /// that cannot be extracted refuses it too.
    ///
    /// The socket is not connected yet: what is emitted to it is not sent, and it is in the rooms that it joins here when
    /// all middlewares have agreed.
    pub fn middleware<H, M>(&mut self, handler: H)
    where
        H: Handler<ConnectContext, M>,
        H::Reply: ConnectReply,
        M: 'static,
    {
        self.table.middlewares.push(Arc::new(BoxHandler::middleware(handler)));
        self.require("middleware(…)", H::require);
    }

    /// Handles the events that have no handler. Ask for [`Event`](crate::Event) to see which one it is.
    ///
    /// ```
    /// use socketio_tower::{Event, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.fallback(async |event: Event| println!("nobody knows {}", event.name()));
    /// });
    /// ```
    pub fn fallback<H, M>(&mut self, handler: H)
    where
        H: Handler<EventContext, M>,
        H::Reply: EventReply,
        M: 'static,
    {
        self.set("fallback", |table| &mut table.fallback, Arc::new(BoxHandler::event(handler)));
        self.require("fallback(…)", H::require);
    }

    /// Says which events a socket may receive to begin with; [`Socket::policy`] changes that for one socket. It is
    /// asked before the filters, and before an argument is looked at. Default: every event.
    pub fn policy(&mut self, policy: EventPolicy) {
        self.set("policy", |table| &mut table.policy, policy);
    }

    /// Adds a filter, which decides whether an event goes on to what was added after it, and at last to its handler.
    /// What a filter denies is told to the [error hook](Self::on_error), and never acked.
    ///
    /// Filters are called in the task of the session, one event after the other: they should be quick. One that has to wait
    /// is a [`filter_async`](Self::filter_async).
    ///
    /// ```
    /// use socketio_tower::{Event, Socket, SocketIo, Verdict};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.filter(|socket, event| match event.size() > 10_000 {
    ///         true => Verdict::deny("too long"),
    ///         false => Verdict::Pass,
    ///     });
    /// });
    /// ```
    pub fn filter(&mut self, filter: impl Fn(&Socket, &Event) -> Verdict + Send + Sync + 'static) {
        self.table.filters.push(Filter::Now(Arc::new(filter)));
    }

    /// Adds a filter that may wait: for a limit kept in a store, a look-up of rights. It stands among the
    /// [filters](Self::filter) in the order in which they were added, asks for what it needs as a handler does, and
    /// returns a [`Verdict`], or a `Result` with one. `Err`, a panic, and an argument that cannot be extracted end the
    /// event and are told to the [error hook](Self::on_error).
    ///
    /// The events of a socket reach their handlers in the order of arrival all the same: while a filter waits, the later
    /// events of its socket do, too, up to [`max_parked`](crate::SocketIoBuilder::max_parked). A filter that waits counts
    /// among the [handlers of its socket](Self::concurrency).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use socketio_tower::extract::{Extension, State};
    /// use socketio_tower::{Event, SocketIo, Verdict};
    ///
    /// # #[derive(Clone)]
    /// # struct User(u64);
    /// # struct Store;
    /// # impl Store {
    /// #     async fn take_token(&self, _: u64) -> Result<bool, std::io::Error> { Ok(true) }
    /// # }
    /// let io = SocketIo::builder().state(Arc::new(Store)).build();
    /// io.of("/", |ns| {
    ///     ns.filter_async(async |State(store): State<Arc<Store>>, Extension(user): Extension<User>| {
    ///         match store.take_token(user.0).await? {
    ///             true => Ok::<_, std::io::Error>(Verdict::Pass),
    ///             false => Ok(Verdict::deny("too fast")),
    ///         }
    ///     });
    /// });
    /// ```
    pub fn filter_async<H, M>(&mut self, filter: H)
    where
        H: Handler<EventContext, M>,
        H::Reply: FilterReply,
        M: 'static,
    {
        self.table.filters.push(Filter::Later(Arc::new(AsyncFilter::filter(filter))));
        let mut requirements = Requirements::of_filter();
        H::require(&mut requirements);
        self.needs("filter_async(…)", requirements);
    }

    /// Is told of every event, whether or not it has a handler, that the policy and the filters added before let pass.
    pub fn on_any(&mut self, listener: impl Fn(&Socket, &Event) + Send + Sync + 'static) {
        self.filter(move |socket, event| {
            listener(socket, event);
            Verdict::Pass
        });
    }

    /// Is told of every event that is emitted to a socket, alone or by broadcast, also if it is dropped afterwards
    /// because too much waits for the client. Acks are no events.
    ///
    /// Called by whoever emits, on their thread: it should be quick. What a listener emits itself is not told.
    pub fn on_any_outgoing(&mut self, listener: impl Fn(&Socket, &Event) + Send + Sync + 'static) {
        self.table.outgoing.push(Arc::new(listener));
    }

    /// Is told of what happens to the namespace's rooms, in the order in which it happened.
    ///
    /// Called by whoever joins or leaves, on their thread, or by somebody who does so at the same time: it should be
    /// quick. What it does to rooms itself is told after it has returned.
    pub fn on_room(&mut self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        self.table.rooms.push(Arc::new(hook));
    }

    /// How many handlers of one socket may be waiting at once, in place of what
    /// [`SocketIoBuilder::concurrency`](crate::SocketIoBuilder::concurrency) says. 1 handles the events of a socket one
    /// after the other. At least 1.
    pub fn concurrency(&mut self, handlers: usize) {
        self.set("concurrency", |table| &mut table.concurrency, handlers.max(1));
    }

    /// Is told of everything that was not handled: events that nobody listens for or that were denied, arguments that
    /// could not be extracted, handlers that failed or panicked. It decides what the client hears; without a hook, here or
    /// [for the server](crate::SocketIoBuilder::on_error), that is nothing.
    ///
    /// Called in the task of the session or of the socket's [task](Socket::spawn) that failed: it should be quick.
    pub fn on_error(&mut self, hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) {
        self.set("on_error", |table| &mut table.error, ErrorHook::new(hook));
    }

    /// What something asks for that was set by `method`.
    #[doc(hidden)]
    pub fn require(&mut self, method: &str, require: impl FnOnce(&mut Requirements)) {
        let mut requirements = Requirements::default();
        require(&mut requirements);
        self.needs(method, requirements);
    }

    fn needs(&mut self, method: &str, requirements: Requirements) {
        if let Some(why) = requirements.conflict() {
            let (namespace, method) = (self.path.clone(), method.to_owned());
            self.errors.push(SetupError::Arguments { namespace, method, why });
        }
        self.table.requirements.add(requirements);
    }
}

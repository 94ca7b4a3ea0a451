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

/// The definition of a namespace, passed to the closure of [`SocketIo::of`](crate::SocketIo::of) and published as a
/// whole when the closure returns. Its methods return nothing, so that a closure can be a single call:
///
/// ```
/// let io = socketio_tower::SocketIo::new();
/// io.of("/clock", |ns| ns.on("now", async || format!("{:?}", std::time::SystemTime::now())));
/// ```
///
/// Defining the same path again adds to its definition. Middlewares, filters, listeners and room hooks accumulate; any
/// other handler or setting can be set once, and a second one is a [setup error](crate::SetupError::SetTwice).
/// Connected sockets keep the definition they connected with.
///
/// A connection request first passes through the middlewares, which can reject it. Then the client is sent the reply
/// that it is connected, and the connect handler runs; events that arrive in the meantime are parked, and handled
/// afterwards in order. After the disconnect, when no handler of the socket runs any longer, the disconnect handler
/// runs once.
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

    /// Sets a handler or setting. A second call is recorded as an error, and the first value is kept.
    fn set<T>(&mut self, method: &str, place: impl FnOnce(&mut Table) -> &mut Option<T>, handler: T) {
        let place = place(&mut self.table);
        if place.is_none() {
            *place = Some(handler);
        } else {
            self.set_twice(format!("{method}(…)"));
        }
    }

    pub(super) fn set_twice(&mut self, method: String) {
        self.errors.push(SetupError::SetTwice { namespace: self.path.clone(), method });
    }

    /// Registers a handler for an event. Its return value is sent as the ack, if the client requested one; see
    /// [`EventReply`](crate::handler::EventReply).
    ///
    /// Events of one socket are passed to their handlers in the order of arrival. A handler that awaits does not delay
    /// the handlers of later events. The captures of the handler are cloned for each call: share state in an `Arc` or
    /// in a [`State`](crate::extract::State).
    ///
    /// The names `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener` and `removeListener` are
    /// reserved by the protocol. A handler for a reserved name and a second handler for the same event are setup
    /// errors, reported by [`layer()`](crate::SocketIo::layer).
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
    /// The compiler rejects an argument that an event does not have:
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

    /// Sets the connect handler, which runs when a client has been connected. Events of the client wait until the
    /// handler has returned; acks do not, so the handler may emit an event and await its ack.
    ///
    /// If the handler fails, panics, or an argument cannot be extracted, the socket is disconnected.
    ///
    /// ```
    /// use socketio_tower::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_connect(async |socket: Socket| {
    ///         socket.join("lobby");
    ///         socket.emit("welcome", &socket.id().to_string())
    ///     });
    /// });
    /// ```
    pub fn on_connect<H, M>(&mut self, handler: H)
    where
        H: Handler<ConnectContext, M>,
        H::Reply: NoReply,
        M: 'static,
    {
        self.set("on_connect", |table| &mut table.connect, Arc::new(BoxHandler::connect(handler)));
        self.require("on_connect(…)", H::require);
    }

    /// Sets the disconnect handler, which runs once when a socket has been disconnected by either side. The socket has
    /// already left its rooms; [`Rooms`](crate::Rooms) extracts the rooms it was in.
    ///
    /// ```
    /// use socketio_tower::{DisconnectReason, Rooms, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_disconnect(async |socket: Socket, reason: DisconnectReason, Rooms(rooms): Rooms| {
    ///         for room in rooms {
    ///             socket.to(room).emit("left", &reason.to_string());
    ///         }
    ///     });
    /// });
    /// ```
    ///
    /// There is no event, and therefore no [`Data`](crate::Data):
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

    /// Adds a middleware, which accepts or rejects connection requests. Middlewares run in the order in which they were
    /// added. `Err` rejects the request: the client's `connect_error` event contains the message and the data. An
    /// argument that cannot be extracted rejects it too.
    ///
    /// The socket is not connected yet. Events emitted to it are not sent, and rooms joined here are entered when all
    /// middlewares have accepted the request.
    ///
    /// ```
    /// use socketio_tower::{Auth, ConnectError, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.middleware(async |socket: Socket, Auth(token): Auth<String>| {
    ///         if token != "secret" {
    ///             return Err(ConnectError::new("not authorized"));
    ///         }
    ///         socket.join("members");
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub fn middleware<H, M>(&mut self, handler: H)
    where
        H: Handler<ConnectContext, M>,
        H::Reply: ConnectReply,
        M: 'static,
    {
        self.table.middlewares.push(Arc::new(BoxHandler::middleware(handler)));
        self.require("middleware(…)", H::require);
    }

    /// Sets the handler of events that have no other handler. Take [`Event`](crate::Event) as an argument to get the
    /// name.
    ///
    /// ```
    /// use socketio_tower::{Event, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.fallback(async |event: Event| println!("no handler for {}", event.name()));
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

    /// Sets the initial policy: the events that a socket may receive. [`Socket::policy`] changes it for one socket. The
    /// policy is checked before the filters, and before any argument is extracted. Default: every event.
    ///
    /// ```
    /// use socketio_tower::{Data, EventPolicy, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.policy(EventPolicy::only(["login"]));
    ///     ns.on("login", async |socket: Socket, Data(password): Data<String>| {
    ///         if password == "secret" {
    ///             socket.policy().allow_all();
    ///         }
    ///     });
    /// });
    /// ```
    pub fn policy(&mut self, policy: EventPolicy) {
        self.set("policy", |table| &mut table.policy, policy);
    }

    /// Adds a filter, which decides if an event is passed to the filters added after it, and finally to its handler. A
    /// denied event is reported to the [error hook](Self::on_error), and not acked.
    ///
    /// Filters are called in the task of the session, one event at a time, and should be fast. For a filter that
    /// awaits, use [`filter_async`](Self::filter_async).
    ///
    /// ```
    /// use socketio_tower::{SocketIo, Verdict};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.filter(|_socket, event| match event.size() > 10_000 {
    ///         true => Verdict::deny("too long"),
    ///         false => Verdict::Pass,
    ///     });
    /// });
    /// ```
    pub fn filter(&mut self, filter: impl Fn(&Socket, &Event) -> Verdict + Send + Sync + 'static) {
        self.table.filters.push(Filter::Now(Arc::new(filter)));
    }

    /// Adds a filter that may await, for example to query a rate limiter or a permission store. It runs among the
    /// [filters](Self::filter) in the order in which they were added, takes extractors as a handler does, and returns a
    /// [`Verdict`] or a `Result` of one. `Err`, a panic, or an argument that cannot be extracted drop the event and are
    /// reported to the [error hook](Self::on_error).
    ///
    /// The events of a socket still reach their handlers in the order of arrival: while a filter awaits, later events
    /// of its socket are parked, up to [`max_parked`](crate::SocketIoBuilder::max_parked). An awaiting filter counts
    /// towards the [concurrency of its socket](Self::concurrency).
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
        self.add_requirements("filter_async(…)", requirements);
    }

    /// Adds a listener for every event, with or without a handler, that passes the policy and the filters added before
    /// it.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_any(|socket, event| println!("{}: {}", socket.id(), event.name()));
    /// });
    /// ```
    pub fn on_any(&mut self, listener: impl Fn(&Socket, &Event) + Send + Sync + 'static) {
        self.filter(move |socket, event| {
            listener(socket, event);
            Verdict::Pass
        });
    }

    /// Adds a listener for every event that is emitted to a socket, directly or by broadcast, including events that are
    /// then dropped because the client's queue is full. Acks are not events.
    ///
    /// The listener is called on the thread that emits and should be fast. Events emitted by a listener are not
    /// reported.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_any_outgoing(|socket, event| println!("to {}: {}", socket.id(), event.name()));
    /// });
    /// ```
    pub fn on_any_outgoing(&mut self, listener: impl Fn(&Socket, &Event) + Send + Sync + 'static) {
        self.table.outgoing.push(Arc::new(listener));
    }

    /// Adds a hook for events of the namespace's rooms, called in the order in which they happened.
    ///
    /// The hook is called on the thread that joins or leaves a room, or on another thread that does so at the same
    /// time, and should be fast. Events caused by the hook itself are reported after it has returned.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_room(|event| println!("{event:?}"));
    /// });
    /// ```
    pub fn on_room(&mut self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        self.table.rooms.push(Arc::new(hook));
    }

    /// Sets the maximum number of handlers of one socket that may be pending at once, overriding
    /// [`SocketIoBuilder::concurrency`](crate::SocketIoBuilder::concurrency). With 1, the events of a socket are
    /// handled one after another. Minimum: 1.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.of("/orders", |ns| {
    ///     ns.concurrency(1);
    ///     ns.on("order", async || "ordered");
    /// });
    /// ```
    pub fn concurrency(&mut self, handlers: usize) {
        self.set("concurrency", |table| &mut table.concurrency, handlers.max(1));
    }

    /// Sets the error hook, which is called for everything that was not handled: events without a handler, denied
    /// events, arguments that could not be extracted, and handlers that failed or panicked. The hook decides what is
    /// sent to the client. Without a hook, here or [for the server](crate::SocketIoBuilder::on_error), nothing is sent.
    ///
    /// The hook is called in the task of the session, or in the socket's [task](Socket::spawn) that failed, and should
    /// be fast.
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::handler::Cause;
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| {
    ///     ns.on_error(|error| match error.cause() {
    ///         Cause::BadArgs(why) => {
    ///             let why = why.to_string();
    ///             error.answer(&why);
    ///         }
    ///         cause => eprintln!("{:?}: {cause}", error.event()),
    ///     });
    /// });
    /// ```
    pub fn on_error(&mut self, hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) {
        self.set("on_error", |table| &mut table.error, ErrorHook::new(hook));
    }

    /// Adds the requirements of the handler set by `method`.
    #[doc(hidden)]
    pub fn require(&mut self, method: &str, require: impl FnOnce(&mut Requirements)) {
        let mut requirements = Requirements::default();
        require(&mut requirements);
        self.add_requirements(method, requirements);
    }

    fn add_requirements(&mut self, method: &str, requirements: Requirements) {
        if let Some(why) = requirements.conflict() {
            let (namespace, method) = (self.path.clone(), method.to_owned());
            self.errors.push(SetupError::Arguments { namespace, method, why });
        }
        self.table.requirements.add(requirements);
    }
}

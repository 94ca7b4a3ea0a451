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

/// Listening to this socket alone, beyond what its namespace says.
///
/// Most handlers belong to the namespace: see [`NamespaceBuilder::on`](crate::NamespaceBuilder::on). These cost memory
/// for each socket that has them.
impl Socket {
    /// Handles an event of this socket, after the namespace's handler and those added before. There may be several.
    ///
    /// The client's ack belongs to the namespace's handler for the event, or if there is none to the first listener: it
    /// is called with what that one returns. What the handler captures is freed with the socket, so it may be a handle
    /// to the socket itself.
    ///
    /// # Errors
    ///
    /// [`SetupError::ReservedEvent`]: the name is the protocol's. [`SetupError::Arguments`]: the handler cannot have all
    /// that it asks for.
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
    /// [`SetupError::ReservedEvent`]: the name is the protocol's. [`SetupError::Arguments`]: the handler cannot have all
    /// that it asks for.
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

    /// Takes a listener or filter of this socket away. False if it is not there any more.
    pub fn off(&self, listener: ListenerId) -> bool {
        self.extras_if_any().is_some_and(|extras| extras.remove(listener))
    }

    /// Takes all listeners that this socket has for an event away, and tells how many there were. The namespace's
    /// handler stays.
    pub fn off_all(&self, event: &str) -> usize {
        self.extras_if_any().map_or(0, |extras| extras.remove_all(event))
    }

    /// Adds a filter for the events of this socket, after its namespace's; see
    /// [`NamespaceBuilder::filter`](crate::NamespaceBuilder::filter).
    pub fn filter(&self, filter: impl Fn(&Self, &Event) -> Verdict + Send + Sync + 'static) -> ListenerId {
        self.add(Entry::Filter(Filter::Now(Arc::new(filter))))
    }

    /// Adds a filter that may wait; see [`NamespaceBuilder::filter_async`](crate::NamespaceBuilder::filter_async).
    ///
    /// # Errors
    ///
    /// [`SetupError::Arguments`]: the filter cannot have all that it asks for.
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

    /// Is told of every event of this socket that the filters before it let pass.
    pub fn on_any(&self, listener: impl Fn(&Self, &Event) + Send + Sync + 'static) -> ListenerId {
        self.filter(move |socket, event| {
            listener(socket, event);
            Verdict::Pass
        })
    }

    /// Is told of every event that is emitted to this socket; see
    /// [`NamespaceBuilder::on_any_outgoing`](crate::NamespaceBuilder::on_any_outgoing).
    pub fn on_any_outgoing(&self, listener: impl Fn(&Self, &Event) + Send + Sync + 'static) -> ListenerId {
        let listener = self.add(Entry::Outgoing(Arc::new(listener)));
        self.0.presence.lifecycle().listen();
        listener
    }

    /// Which events this socket may receive; to begin with, what
    /// [`NamespaceBuilder::policy`](crate::NamespaceBuilder::policy) says.
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

    /// A socket that is gone receives nothing: what is added to it is dropped, and its id is that of nothing.
    fn add(&self, entry: Entry) -> ListenerId {
        self.extras().and_then(|extras| extras.add(entry)).unwrap_or(ListenerId::NONE)
    }
}

impl Socket {
    /// Whether nothing stands between an event and the namespace's handler for it: no policy, no filter, and nothing
    /// of this socket alone.
    pub(crate) fn is_plain(&self) -> bool {
        self.table().is_open() && self.extras_if_any().is_none_or(|extras| !extras.is_guarded())
    }

    /// What the policy and the filters make of an event.
    pub(crate) fn judge(&self, event: &Event) -> Judgement {
        if !self.allows(event.name()) {
            return Judgement::Now(Verdict::deny("not allowed by the socket's policy"));
        }
        let own = || self.extras_if_any().map_or_else(Vec::new, |extras| extras.filters());
        match self.judge_now(event, self.table().filters()) {
            Ok(Verdict::Pass) => {}
            Ok(verdict) => return Judgement::Now(verdict),
            Err(rest) => return self.judge_later(event, [rest, &own()].concat()),
        }
        let own = own();
        match self.judge_now(event, &own) {
            Ok(verdict) => Judgement::Now(verdict),
            Err(rest) => self.judge_later(event, rest.to_vec()),
        }
    }

    /// What filters make of an event, up to the first that is async: if it comes to that, it is given back with those
    /// after it.
    fn judge_now<'a>(&self, event: &Event, filters: &'a [Filter]) -> Result<Verdict, &'a [Filter]> {
        for (index, filter) in filters.iter().enumerate() {
            let Filter::Now(filter) = filter else { return Err(&filters[index..]) };
            let verdict = filter(self, event);
            if verdict != Verdict::Pass {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Pass)
    }

    fn judge_later(&self, event: &Event, filters: Vec<Filter>) -> Judgement {
        let (socket, event) = (self.clone(), event.clone());
        Judgement::Later(BoxFuture::new(async move {
            for filter in filters {
                let verdict = match filter {
                    Filter::Now(filter) => filter(&socket, &event),
                    Filter::Later(filter) => {
                        // The right to answer stays with the event.
                        let context = EventContext::new(socket.clone(), event.clone(), None);
                        filter.call(context, &mut None)?.await?
                    }
                };
                if verdict != Verdict::Pass {
                    return Ok(verdict);
                }
            }
            Ok(Verdict::Pass)
        }))
    }

    /// The socket's own listeners for an event; those that listen once are taken.
    pub(crate) fn listeners(&self, event: &str) -> Vec<(Arc<str>, Arc<EventHandler>)> {
        let extras = self.extras_if_any().filter(|extras| extras.is_guarded());
        extras.map_or_else(Vec::new, |extras| extras.listeners(event))
    }

    /// Tells those who want to know of every event that is sent. An ack is none.
    #[cold]
    pub(super) fn tell_outgoing(&self, packet: &Encoded) {
        let extras = self.extras_if_any().map_or_else(Vec::new, |extras| extras.outgoing());
        let mut listeners = self.table().outgoing().iter().chain(&extras).peekable();
        let observed = EmittedEvent::new(packet).filter(|_| !self.server().observers().is_empty());
        if listeners.peek().is_none() && observed.is_none() {
            return;
        }
        let Some(_telling) = Telling::begin() else { return };
        if let Some(event) = observed {
            self.tell_observers(|_, namespace, socket| Observation::EventSent { namespace, socket, event });
        }
        if listeners.peek().is_none() {
            return;
        }
        let Some(event) = Event::from_encoded(packet) else { return };
        // Whoever emits is not to blame.
        if contained(|| listeners.for_each(|listener| listener(self, &event))).is_none() {
            self.report(Some(event.name()), &Cause::Panicked, None);
        }
    }

    /// What this socket has of its own; made if it has nothing yet. None if it is gone.
    pub(super) fn extras(&self) -> Option<&Extras> {
        self.0.presence.extras()
    }

    /// The extras of this socket, if it has one.
    pub(super) fn extras_if_any(&self) -> Option<&Extras> {
        self.0.presence.extras_if_any()
    }

    /// It will never receive anything again: what its listeners capture and what is kept with it is freed, and its tasks
    /// are cancelled.
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

/// What all filters make of an event.
pub(crate) enum Judgement {
    Now(Verdict),
    /// As soon as the first async one among them, and those after it, have ended.
    Later(BoxFuture<Judged>),
}

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Listeners are told on this thread. What they send themselves is not told: a listener that copies what is sent to
/// somebody else would be told of its copies without end.
struct Telling;

impl Telling {
    fn begin() -> Option<Self> {
        // Not `then_some`, which would make one to drop it.
        (!TELLING.replace(true)).then(|| Self)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        TELLING.set(false);
    }
}

/// The policy of one socket. Every change holds for the next event.
#[derive(Clone, Copy)]
pub struct SocketPolicy<'a>(&'a Socket);

impl SocketPolicy<'_> {
    /// Allows an event, besides those that are allowed already.
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

    /// Goes back to the policy of the namespace.
    pub fn reset(self) -> Self {
        if let Some(extras) = self.0.extras_if_any() {
            extras.change_policy(|own| *own = None);
        }
        self
    }

    /// Whether an event is allowed.
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

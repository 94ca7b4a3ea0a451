use std::collections::BTreeSet;

/// The set of events that a client may send: all except some, or only some. It is checked before any filter or handler
/// sees the event.
///
/// [`NamespaceBuilder::policy`](crate::NamespaceBuilder::policy) sets the initial policy of every socket;
/// [`Socket::policy`](crate::Socket::policy) changes that of one socket. A common pattern is to start with few events
/// and to lift the restriction once the client has authenticated:
///
/// ```
/// use socketio_tower::{Data, EventPolicy, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.policy(EventPolicy::only(["login"]));
///     ns.on("login", async |socket: Socket, Data(password): Data<String>| {
///         let known = password == "secret";
///         if known {
///             socket.policy().allow_all();
///         }
///         known
///     });
///     ns.on("delete everything", async || "done");
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPolicy(Rule);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    AllBut(BTreeSet<Box<str>>),
    Only(BTreeSet<Box<str>>),
}

impl EventPolicy {
    /// Creates a policy that allows every event.
    ///
    /// ```
    /// use socketio_tower::EventPolicy;
    ///
    /// let mut policy = EventPolicy::all();
    /// policy.deny("delete");
    /// assert!(policy.allows("say") && !policy.allows("delete"));
    /// ```
    pub const fn all() -> Self {
        Self(Rule::AllBut(BTreeSet::new()))
    }

    /// Creates a policy that allows only the given events.
    ///
    /// ```
    /// use socketio_tower::EventPolicy;
    ///
    /// let mut policy = EventPolicy::only(["login"]);
    /// policy.allow("help");
    /// assert!(policy.allows("help") && !policy.allows("say"));
    /// ```
    pub fn only<N: Into<Box<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(Rule::Only(names.into_iter().map(Into::into).collect()))
    }

    /// Allows an event, in addition to those already allowed.
    pub fn allow(&mut self, event: &str) {
        match &mut self.0 {
            Rule::AllBut(denied) => drop(denied.remove(event)),
            Rule::Only(allowed) => drop(allowed.insert(event.into())),
        }
    }

    /// Denies an event.
    pub fn deny(&mut self, event: &str) {
        match &mut self.0 {
            Rule::AllBut(denied) => drop(denied.insert(event.into())),
            Rule::Only(allowed) => drop(allowed.remove(event)),
        }
    }

    /// Returns `true` if no event is denied.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&self.0, Rule::AllBut(denied) if denied.is_empty())
    }

    /// Returns `true` if the event is allowed.
    pub fn allows(&self, event: &str) -> bool {
        match &self.0 {
            Rule::AllBut(denied) => !denied.contains(event),
            Rule::Only(allowed) => allowed.contains(event),
        }
    }
}

impl Default for EventPolicy {
    fn default() -> Self {
        Self::all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_policy_stays_open_when_something_is_allowed() {
        let mut policy = EventPolicy::all();
        policy.allow("a");
        assert!(policy.allows("a") && policy.allows("b"));
        policy.deny("a");
        assert!(!policy.allows("a") && policy.allows("b"));
        policy.allow("a");
        assert_eq!(policy, EventPolicy::all());
    }

    #[test]
    fn what_is_allowed_stays_allowed_when_something_is_added() {
        let mut policy = EventPolicy::only(["a"]);
        policy.allow("b");
        assert!(policy.allows("a") && policy.allows("b") && !policy.allows("c"));
        policy.deny("a");
        assert_eq!(policy, EventPolicy::only(["b"]));
    }
}

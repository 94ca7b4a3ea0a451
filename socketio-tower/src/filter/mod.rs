//! What stands between an event and its handlers: filters, listeners for any event, policies.

mod verdict;
pub use verdict::Verdict;
pub(crate) use verdict::{Filter, Judged, Judgement, Listener};

mod policy;
pub use policy::EventPolicy;

//! Event filters: verdicts and policies.

mod verdict;
pub use verdict::Verdict;

mod policy;
pub use policy::EventPolicy;

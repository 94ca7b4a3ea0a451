//! The shortcuts of a connection return what the calls that they replace return.

use proptest::prelude::*;

use crate::twins::{Calls, QUERIES, check, steps};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `poll_message` is `handle_message` followed by `poll`.
    #[test]
    fn poll_message_returns_the_same_events_in_the_same_order(
        query in prop::sample::select(&QUERIES[..]),
        steps in steps(),
    ) {
        check(query, [Calls::Queued, Calls::PollMessage], &steps)?;
    }

    /// `send_at_once` is `send` followed by `poll_transmit`.
    #[test]
    fn send_at_once_transmits_the_same_in_the_same_order(
        query in prop::sample::select(&QUERIES[..]),
        steps in steps(),
    ) {
        check(query, [Calls::Queued, Calls::SendAtOnce], &steps)?;
    }
}

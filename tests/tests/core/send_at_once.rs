//! `send_at_once` is `send` followed by `poll_transmit`.

use proptest::prelude::*;

use crate::twins::{Calls, QUERIES, check, steps};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_leave_as_they_would_through_the_queue(
        query in prop::sample::select(&QUERIES[..]),
        steps in steps(),
    ) {
        check(query, [Calls::Queued, Calls::SendAtOnce], &steps)?;
    }
}

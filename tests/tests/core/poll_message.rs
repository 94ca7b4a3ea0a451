//! `poll_message` is `handle_message` followed by `poll`.

use proptest::prelude::*;

use crate::twins::{Calls, QUERIES, check, steps};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_returns_the_same_events_in_the_same_order(
        query in prop::sample::select(&QUERIES[..]),
        steps in steps(),
    ) {
        check(query, [Calls::Queued, Calls::PollMessage], &steps)?;
    }
}

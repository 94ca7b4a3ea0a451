//! Arbitrary input in arbitrary order: the invariants of the simulator hold after every input.

use proptest::prelude::*;
use socketio_tests::sim::{Operation, Server, fuzzing};

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(any::<[u8; 3]>().prop_map(Operation::from_code), 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_that_polls_keeps_its_promises(operations in operations()) {
        fuzzing::live(&mut fuzzing::polling(), &operations);
    }

    #[test]
    fn a_session_on_a_websocket_keeps_its_promises(operations in operations()) {
        fuzzing::live(&mut fuzzing::websocket(), &operations);
    }

    #[test]
    fn a_session_before_its_stream_stands_keeps_its_promises(operations in operations()) {
        let mut server = Server::open("EIO=4&transport=websocket&b64=1", fuzzing::config());
        fuzzing::live(&mut server, &operations);
    }
}

//! Whatever comes in whatever order: the checks of the simulator hold after every input.

use std::time::Duration;

use proptest::prelude::*;
use socketio_core::Config;
use socketio_tests::sim::{Operation, Server, Welcome, fuzzing};

fn config() -> Config {
    let mut config = Config::default();
    config.max_namespaces = 3;
    config.max_parked_events = 8;
    config.connect_timeout = Duration::from_secs(60);
    config
}

fn prepare(mut server: Server) -> Server {
    server.app().welcome("/later", Welcome::Wait);
    server.app().welcome("/busy", Welcome::AcceptBusy);
    server.app().welcome("/no", Welcome::Reject("no".to_owned()));
    server
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(any::<[u8; 3]>().prop_map(Operation::from_code), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_that_polls_keeps_its_promises(operations in operations()) {
        fuzzing::live(&mut prepare(Server::polling_with(config())), &operations);
    }

    #[test]
    fn a_session_on_a_websocket_keeps_its_promises(operations in operations()) {
        fuzzing::live(&mut prepare(Server::websocket_with(config()).0), &operations);
    }

    #[test]
    fn a_session_before_its_stream_stands_keeps_its_promises(operations in operations()) {
        let server = Server::open("EIO=4&transport=websocket&b64=1", config());
        fuzzing::live(&mut prepare(server), &operations);
    }
}

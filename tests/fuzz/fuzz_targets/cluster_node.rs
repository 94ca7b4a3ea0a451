#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socketio_tests::sim::fuzzing::cluster_node(data));

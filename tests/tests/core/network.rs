//! A well-behaved client and server over bad networks, with a hundred seeds each.

use socketio_tests::sim::{Pair, Weather};

const EVENTS: u64 = 60;

/// Both sides send numbered events; the client upgrades somewhere in the middle.
fn converse(weather: Weather, seed: u64, upgrade: bool) -> Pair {
    let mut pair = Pair::new(weather, seed);
    pair.client.send("40");
    pair.drive(2_000);
    for n in 0..EVENTS {
        if pair.server.app().socket("/").is_some() {
            pair.server.emit("/", "n", &n);
        }
        pair.client.send(&format!(r#"42["n",{n}]"#));
        if upgrade && n == seed % EVENTS {
            pair.client.upgrade();
        }
        pair.drive(seed % 40);
    }
    pair.drive(20_000);
    pair
}

/// Returns the number of events that arrived on each side, and checks that they are the first ones, in order.
fn arrived(pair: &mut Pair) -> (u64, u64) {
    let log = pair.server.log();
    let here: Vec<_> = log.iter().filter_map(|line| line.strip_prefix("/ n ")).collect();
    let there: Vec<_> = pair.client.received().iter().filter(|packet| packet.starts_with("42")).collect();
    for (n, line) in here.iter().enumerate() {
        assert_eq!(*line, n.to_string(), "{log:?}");
    }
    for (n, packet) in there.iter().enumerate() {
        assert_eq!(**packet, format!(r#"42["n",{n}]"#));
    }
    (here.len() as u64, there.len() as u64)
}

#[test]
fn everything_arrives_in_order_over_slow_connections() {
    for seed in 0..100 {
        for delay in [0, 5, 150] {
            let mut pair = converse(Weather { delay, ..Weather::default() }, seed, false);
            assert_eq!(arrived(&mut pair), (EVENTS, EVENTS), "seed {seed}, delay {delay}");
        }
    }
}

#[test]
fn an_upgrade_under_load_loses_nothing() {
    for seed in 0..100 {
        for delay in [0, 5, 150] {
            let mut pair = converse(Weather { delay, ..Weather::default() }, seed, true);
            assert!(pair.client.is_upgraded(), "seed {seed}, delay {delay}");
            assert_eq!(arrived(&mut pair), (EVENTS, EVENTS), "seed {seed}, delay {delay}");
        }
    }
}

// Broken requests end the session, as on the Node server; everything that arrived before is complete.
#[test]
fn broken_requests_leave_no_gaps() {
    for seed in 0..100 {
        let weather = Weather { delay: 20, abort: 4, duplicate: 1, ..Weather::default() };
        let mut pair = converse(weather, seed, seed % 2 == 0);
        arrived(&mut pair);
        end(&mut pair, seed);
    }
}

#[test]
fn broken_streams_leave_no_gaps() {
    for seed in 0..100 {
        let weather = Weather { delay: 20, cut: 4, ..Weather::default() };
        let mut pair = converse(weather, seed, true);
        arrived(&mut pair);
        end(&mut pair, seed);
    }
}

#[test]
fn a_client_that_behaves_lives_for_an_hour() {
    for upgrade in [false, true] {
        let mut pair = converse(Weather { delay: 100, ..Weather::default() }, 1, upgrade);
        pair.drive(3_600_000);
        assert!(!pair.client.is_closed());
        assert_eq!(pair.server.app().closed(), None);
    }
}

/// Runs for two more minutes and checks that both sides are closed, or neither.
fn end(pair: &mut Pair, seed: u64) {
    pair.drive(120_000);
    assert_eq!(pair.client.is_closed(), pair.server.app().closed().is_some(), "seed {seed}");
    if pair.client.is_closed() {
        assert!(pair.server.is_finished(), "seed {seed}");
    }
}

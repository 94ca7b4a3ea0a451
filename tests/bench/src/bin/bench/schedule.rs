//! The rounds of a full run: the number of times that each server runs each workload.

use std::time::Duration;

/// A workload in a full run.
#[derive(Debug)]
struct Row {
    workload: &'static str,
    rounds: Rounds,
    /// The time of a run besides its measurement, in seconds: the start of the server, connects, warming up, the end.
    overhead: f64,
}

/// The number of rounds of each server, of [`ROUNDS`].
#[derive(Debug, Clone, Copy)]
struct Rounds {
    ours: u32,
    /// Of socketioxide and the floor, which the targets are about.
    neighbours: u32,
    node: u32,
    raw: u32,
}

/// The number of rounds of a full run.
pub(crate) const ROUNDS: u32 = 9;

/// Targets to the neighbours, and to `raw` in three rounds.
const RATIO: Rounds = Rounds { ours: ROUNDS, neighbours: ROUNDS, node: 2, raw: 3 };
/// Targets of our numbers alone: the neighbours' are only shown.
const ALONE: Rounds = Rounds { ours: ROUNDS, neighbours: 2, node: 2, raw: 2 };
/// The same, in workloads that take 10 s or more for each server. Memory and counts hardly vary.
const LONG: Rounds = Rounds { ours: ROUNDS, neighbours: 1, node: 1, raw: 1 };
/// No targets.
const SHOWN: Rounds = Rounds { ours: 3, neighbours: 3, node: 2, raw: 2 };

/// Starting, connecting few clients, and warming up.
const START: f64 = 0.7;
/// Node takes up to this much longer to start and to connect its clients.
const NODE: f64 = 2.0;

const fn row(workload: &'static str, rounds: Rounds, overhead: f64) -> Row {
    Row { workload, rounds, overhead }
}

/// The times were measured on two cores, with 19 600 connections in the workloads of 50 000.
const ROWS: &[Row] = &[
    row("echo1", RATIO, START),
    row("echo32", RATIO, START),
    row("echo32_2w", SHOWN, START),
    row("echo1k", RATIO, START),
    row("echo16k", SHOWN, START),
    row("ack", RATIO, START),
    row("binary", RATIO, START),
    row("open10k", SHOWN, START),
    row("bcast1k", RATIO, 0.8),
    row("bcast1k_2w", SHOWN, 0.8),
    row("bcast1k_1k", RATIO, 0.8),
    row("bcast5k", RATIO, 1.4),
    row("stalled", LONG, 24.0),
    row("rooms", SHOWN, 1.0),
    row("room10", SHOWN, 4.0),
    row("room10_2w", SHOWN, START),
    row("join1", SHOWN, 7.0),
    row("join100", SHOWN, 2.0),
    row("conn_ws", RATIO, START),
    row("conn_full", RATIO, START),
    row("storm", SHOWN, 1.5),
    row("polling", RATIO, START),
    row("inbound13", ALONE, 1.0),
    row("inbound64", ALONE, 1.0),
    row("inbound_ack", ALONE, 1.0),
    row("inbound_post", ALONE, 1.0),
    row("idle10k", LONG, 14.0),
    row("idle50k", LONG, 17.0),
    row("retained", LONG, 10.0),
];

/// Returns the number of rounds in which a server runs a workload, of `rounds`. A server of the command line runs as
/// often as ours.
pub(crate) fn turns(workload: &str, server: &str, rounds: u32) -> u32 {
    let turns = of(workload).map_or(ROUNDS, |row| match server {
        "node" => row.rounds.node,
        "raw" => row.rounds.raw,
        "socketioxide" | "floor" => row.rounds.neighbours,
        _ => row.rounds.ours,
    });
    (turns * rounds).div_ceil(ROUNDS)
}

/// Returns `true` if this round, of `rounds`, is one of the `turns`. They are spread over all rounds, and the fewer are
/// among the more, so that every round of a server has one of ours beside it.
pub(crate) fn is_turn(round: u32, rounds: u32, turns: u32) -> bool {
    let earlier = (0..rounds).filter(|other| other.reverse_bits() < round.reverse_bits());
    (earlier.count() as u32) < turns
}

/// Returns the time that a run takes besides its measurement, about.
pub(crate) fn overhead(workload: &str, server: &str) -> Duration {
    let seconds = of(workload).map_or(START, |row| row.overhead);
    Duration::from_secs_f64(if server == "node" { seconds * NODE } else { seconds })
}

fn of(workload: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.workload == workload)
}

#[cfg(test)]
mod tests {
    use socketio_bench::Workload;

    use super::*;
    use crate::targets::{OURS, Target};

    #[test]
    fn every_workload_has_a_row() {
        let rows: Vec<_> = ROWS.iter().map(|row| row.workload).collect();
        let workloads: Vec<_> = Workload::all().iter().map(|workload| workload.name).collect();
        assert_eq!(rows, workloads);
    }

    #[test]
    fn targets_have_nine_rounds_of_ours_and_of_the_server_they_compare_with() {
        for target in Target::all() {
            let workload = target.workload;
            assert_eq!(turns(workload, OURS, ROUNDS), ROUNDS, "{workload}");
            if let Some(server) = target.measure.server() {
                let least = if server == "raw" { 3 } else { ROUNDS };
                assert_eq!(turns(workload, server, ROUNDS), least, "{workload} of {server}");
            }
        }
    }

    #[test]
    fn turns_are_spread_and_the_fewer_are_among_the_more() {
        let rounds = |turns| (0..9).filter(|&round| is_turn(round, 9, turns)).collect::<Vec<_>>();
        assert_eq!(rounds(0), [0; 0]);
        assert_eq!(rounds(1), [0]);
        assert_eq!(rounds(2), [0, 8]);
        assert_eq!(rounds(3), [0, 4, 8]);
        assert_eq!(rounds(9), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn fewer_rounds_have_a_part_of_the_turns() {
        assert_eq!(turns("echo1", "floor", 2), 2);
        assert_eq!(turns("echo1", "node", 2), 1);
        assert_eq!(turns("echo1", "node", 18), 4);
        assert_eq!(turns("echo1", "before", 9), 9);
    }
}

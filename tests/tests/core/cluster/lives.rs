//! Random lives of clusters: the invariants of the simulator hold after every input.

use proptest::prelude::*;
use socketio_tests::sim::Random;
use socketio_tests::sim::cluster::{Cluster, Operation};
use socketio_tests::sim::fuzzing;

use super::SECOND;

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(any::<[u8; Operation::CODE]>().prop_map(Operation::from_code), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cluster_keeps_its_promises(seed in 0..1000_u64, operations in operations()) {
        fuzzing::live_in_cluster(seed, &operations);
    }
}

/// Long lives: after each hundred faults, the cluster heals and works.
#[test]
fn a_cluster_heals_again_and_again() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(seed, [0, 5, 50, 500][seed as usize % 4]);
        let mut codes = Random::new(seed);
        cluster.populate(4, 1);
        for _ in 0..10 {
            for _ in 0..100 {
                Operation::from_code([(); Operation::CODE].map(|()| codes.byte())).run(&mut cluster);
            }
            cluster.heal();
            cluster.settle();
            cluster.assert_works();
            cluster.settle();
        }
        cluster.close();
    }
}

/// A week in which every ten minutes a process is replaced, with or without a goodbye.
#[test]
fn a_week_of_deploys_leaves_nothing() {
    let mut cluster = Cluster::new(7, 20);
    let mut codes = Random::new(7);
    cluster.populate(4, 0);
    for _ in 0..7 * 24 * 6 {
        let oldest = cluster.processes().next().expect("four processes").key;
        cluster.populate(1, 0);
        for _ in 0..3 {
            cluster.assert_works();
        }
        match codes.below(3) {
            0 => cluster.kill(oldest, false),
            1 => cluster.kill(oldest, true),
            _ => cluster.leave(oldest),
        }
        cluster.run(600 * SECOND);
        cluster.assert_peers();
        cluster.settle();
        assert_eq!(cluster.processes().len(), 4);
    }
    cluster.close();
}

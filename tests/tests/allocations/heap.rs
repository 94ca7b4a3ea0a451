use allocation_counter::{AllocationInfo, measure};

/// The changes of this thread's heap during a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heap {
    /// The number of allocations, including reallocations that grow.
    pub(crate) allocations: u64,
    /// The change of the number of bytes held; negative if memory was freed.
    pub(crate) growth: i64,
    /// The peak of the number of bytes held, relative to the start.
    pub(crate) peak: u64,
}

/// Runs `run` and counts its allocations.
pub(crate) fn heap_of(run: impl FnOnce()) -> Heap {
    let AllocationInfo { count_total, bytes_current, bytes_max, .. } = measure(run);
    Heap { allocations: count_total, growth: bytes_current, peak: bytes_max }
}

/// Runs `run` without counting its allocations, and returns its result.
pub(crate) fn uncounted<R>(run: impl FnOnce() -> R) -> R {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(run()));
    result.expect("it has run")
}

/// Asserts that `run` allocates exactly `figure` times per call, once its buffers have grown.
pub(crate) fn assert_allocations(what: &str, figure: u64, mut run: impl FnMut()) {
    const TIMES: u64 = 100;
    run();
    let heap = heap_of(|| (0..TIMES).for_each(|_| run()));
    let each = heap.allocations as f64 / TIMES as f64;
    assert!(
        heap.allocations == figure * TIMES,
        "{what}: {each} allocations, the figure is {figure}; if it is more, find out why, if less, lower the figure",
    );
    assert_eq!(heap.growth, 0, "{what}: bytes are kept");
}

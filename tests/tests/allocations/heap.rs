use allocation_counter::{AllocationInfo, measure};

/// What became of this thread's heap while something ran.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heap {
    /// How often memory was allocated, grown included.
    pub(crate) allocations: u64,
    /// The bytes that are held now and were not before; negative if some were given back.
    pub(crate) growth: i64,
    /// The most bytes that were held at one time, counted from what was held before.
    pub(crate) peak: u64,
}

/// Runs something and counts.
pub(crate) fn heap_of(run: impl FnOnce()) -> Heap {
    let AllocationInfo { count_total, bytes_current, bytes_max, .. } = measure(run);
    Heap { allocations: count_total, growth: bytes_current, peak: bytes_max }
}

/// Runs something whose allocations are not counted, and gives its result.
pub(crate) fn uncounted<R>(run: impl FnOnce() -> R) -> R {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(run()));
    result.expect("it has run")
}

/// Checks that something allocates exactly so often, each time it is run, once its buffers have grown.
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

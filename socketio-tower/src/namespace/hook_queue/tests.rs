use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Threads that were faster than the hook once filled the memory.
#[test]
fn a_slow_hook_blocks_the_threads_that_cause_its_events() {
    let (queue, longest, delivered) =
        (Arc::new(HookQueue::default()), AtomicUsize::new(0), AtomicUsize::new(0));
    let (threads, each) = (4, 5 * MAX_WAITING);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for n in 0..each {
                    queue.push(n);
                    queue.flush(|_| {
                        longest.fetch_max(queue.lock().waiting.len(), Ordering::Relaxed);
                        delivered.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                    });
                }
            });
        }
    });
    assert_eq!(delivered.into_inner(), threads * each);
    assert!(longest.into_inner() <= MAX_WAITING + threads, "a full queue, and one event of each thread");
}

/// A hook that causes more events than may wait does not block.
#[test]
fn a_hook_that_causes_events_does_not_block() {
    let queue = HookQueue::default();
    let delivered = AtomicUsize::new(0);
    queue.push(0);
    queue.flush(|n| {
        delivered.fetch_add(1, Ordering::Relaxed);
        if *n == 0 {
            for _ in 0..2 * MAX_WAITING {
                queue.push(1);
                queue.flush(|_| panic!("another call is flushing"));
            }
        }
    });
    assert_eq!(delivered.into_inner(), 1 + 2 * MAX_WAITING);
}

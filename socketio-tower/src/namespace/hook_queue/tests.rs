use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Threads that are quicker than the hook had filled the memory.
#[test]
fn a_slow_hook_holds_up_those_who_cause_its_events() {
    let (queue, most, told) = (Arc::new(HookQueue::default()), AtomicUsize::new(0), AtomicUsize::new(0));
    let (threads, each) = (4, 5 * MOST);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for n in 0..each {
                    queue.push(n);
                    queue.flush(|_| {
                        most.fetch_max(queue.lock().waiting.len(), Ordering::Relaxed);
                        told.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                    });
                }
            });
        }
    });
    assert_eq!(told.into_inner(), threads * each);
    assert!(most.into_inner() <= MOST + threads, "what is there when it is full, and one of each thread");
}

/// A hook that causes more than may wait waits for nobody.
#[test]
fn what_a_hook_causes_waits_for_nobody() {
    let queue = HookQueue::default();
    let told = AtomicUsize::new(0);
    queue.push(0);
    queue.flush(|n| {
        told.fetch_add(1, Ordering::Relaxed);
        if *n == 0 {
            for _ in 0..2 * MOST {
                queue.push(1);
                queue.flush(|_| panic!("somebody is telling"));
            }
        }
    });
    assert_eq!(told.into_inner(), 1 + 2 * MOST);
}

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::HookQueue;

/// A number that threads count up, and the queue of its values.
#[derive(Default)]
struct Counter {
    value: Mutex<u32>,
    queue: HookQueue<u32>,
    /// The values passed to the hook. Not a lock of loom, which would order the threads.
    delivered: std::sync::Mutex<Vec<u32>>,
    flushing: AtomicBool,
    overlapped: std::sync::atomic::AtomicBool,
}

impl Counter {
    fn count(&self) {
        let mut value = self.value.lock().expect("no thread panics");
        *value += 1;
        self.queue.push(*value);
        drop(value);
        self.queue.flush(|value| {
            // Recorded, because a panic would be contained.
            if self.flushing.swap(true, Ordering::AcqRel) {
                self.overlapped.store(true, Ordering::Relaxed);
            }
            self.delivered.lock().expect("no thread panics").push(*value);
            self.flushing.store(false, Ordering::Release);
        });
    }
}

#[test]
fn events_are_delivered_once_in_order_by_one_thread_at_a_time() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let counter = Arc::new(Counter::default());
        let threads = [2, 1].map(|times| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || (0..times).for_each(|_| counter.count()))
        });
        counter.count();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!counter.overlapped.load(Ordering::Relaxed), "two threads delivered at once");
        assert_eq!(*counter.delivered.lock().expect("no thread panics"), [1, 2, 3, 4]);
    });
}

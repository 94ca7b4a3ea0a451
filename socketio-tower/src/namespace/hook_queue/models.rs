use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::HookQueue;

/// A number that threads count up, and the queue of its values.
#[derive(Default)]
struct Counter {
    value: Mutex<u32>,
    queue: HookQueue<u32>,
    /// The values that the hook was told. It is not loom's lock, which would order the threads.
    told: std::sync::Mutex<Vec<u32>>,
    telling: AtomicBool,
    overlapped: std::sync::atomic::AtomicBool,
}

impl Counter {
    fn count(&self) {
        let mut value = self.value.lock().expect("no thread panics");
        *value += 1;
        self.queue.push(*value);
        drop(value);
        self.queue.flush(|value| {
            // A panic would be contained.
            if self.telling.swap(true, Ordering::AcqRel) {
                self.overlapped.store(true, Ordering::Relaxed);
            }
            self.told.lock().expect("no thread panics").push(*value);
            self.telling.store(false, Ordering::Release);
        });
    }
}

#[test]
fn events_are_told_once_in_order_by_one_thread_at_a_time() {
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
        assert!(!counter.overlapped.load(Ordering::Relaxed), "two threads told at once");
        assert_eq!(*counter.told.lock().expect("no thread panics"), [1, 2, 3, 4]);
    });
}

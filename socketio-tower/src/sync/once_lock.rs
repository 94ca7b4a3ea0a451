use std::sync::atomic::Ordering;

use super::{AtomicBool, Mutex};

/// The standard library's `OnceLock`, which loom has not: a look at it is a load that acquires, and the first value is
/// written under a lock and released.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    /// Loom runs one thread at a time, and changes it at its own locks and atomics alone: here it never waits.
    value: std::sync::OnceLock<T>,
    is_set: AtomicBool,
    setting: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), is_set: AtomicBool::new(false), setting: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // A load may see what was there before, whatever the value itself says.
        self.is_set.load(Ordering::Acquire).then(|| self.value.get()).flatten()
    }

    pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let setting = self.setting.lock().expect("no thread panics while it sets");
        let value = self.value.get_or_init(init);
        self.is_set.store(true, Ordering::Release);
        drop(setting);
        value
    }
}

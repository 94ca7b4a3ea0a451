use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of any type, one of each, kept with a socket or with its [client](crate::Client), and dropped when that has
/// ended, whoever still holds a handle. From then on nothing is taken any more.
///
/// The values are cloned out, so they should be cheap to clone. Nothing is allocated until the first is
/// put in.
#[derive(Debug, Default)]
pub struct Extensions {
    map: Mutex<http::Extensions>,
    /// Written under the lock.
    closed: AtomicBool,
}

impl Extensions {
    /// Puts a value in and gives back the one of the same type that was there.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let mut map = self.lock();
        if self.is_closed() {
            drop(map);
            // Outside the lock, whatever its destructor does.
            drop(value);
            return None;
        }
        map.insert(value)
    }

    /// A clone of the value of this type, made while the extensions are locked.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().get().cloned()
    }

    /// Takes the value of this type out.
    pub fn remove<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().remove()
    }

    /// Changes the value of this type, which is made if there is none. The extensions are locked
    /// meanwhile: do not use them inside.
    pub fn update<T, R>(&self, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Clone + Default + Send + Sync + 'static,
    {
        let mut map = self.lock();
        if self.is_closed() {
            drop(map);
            return change(&mut T::default());
        }
        change(map.get_or_insert_default())
    }

    /// Drops all values, and takes no more: a value may hold a handle to the very socket or client.
    pub(crate) fn close(&self) {
        let mut map = self.lock();
        self.closed.store(true, Ordering::Relaxed);
        let values = std::mem::take(&mut *map);
        drop(map);
        // Outside the lock, whatever their destructors do.
        drop(values);
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, http::Extensions> {
        // The map itself cannot be left half-changed by a panic in `update`.
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of any type, one of each, kept with a socket and dropped with it.
///
/// The values are cloned out, so they should be cheap to clone. Nothing is allocated until the first is
/// put in.
#[derive(Debug, Default)]
pub struct Extensions(Mutex<http::Extensions>);

impl Extensions {
    /// Puts a value in and gives back the one of the same type that was there.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.lock().insert(value)
    }

    /// The value of this type.
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
        change(self.lock().get_or_insert_default())
    }

    fn lock(&self) -> MutexGuard<'_, http::Extensions> {
        // The map itself cannot be left half-changed by a panic in `update`.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

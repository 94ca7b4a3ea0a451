use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A type map that belongs to a socket or to its [`Client`](crate::Client), with one value of each type.
///
/// The values are dropped when the socket or client has ended, even if handles of it still exist; values inserted
/// afterwards are dropped at once. Values are cloned out, so they should be cheap to clone. An empty map allocates
/// nothing.
///
/// ```
/// use socketio_tower::Socket;
///
/// #[derive(Clone, PartialEq, Debug)]
/// struct User(String);
///
/// fn handler(socket: &Socket) {
///     socket.extensions().insert(User("ada".to_owned()));
///     assert_eq!(socket.extensions().get::<User>(), Some(User("ada".to_owned())));
/// }
/// ```
#[derive(Debug, Default)]
pub struct Extensions {
    map: Mutex<http::Extensions>,
    /// Written under the lock.
    closed: AtomicBool,
}

impl Extensions {
    /// Inserts a value and returns the previous value of the same type.
    ///
    /// ```
    /// # fn handler(socket: &socketio_tower::Socket) {
    /// assert_eq!(socket.extensions().insert(1_u32), None);
    /// assert_eq!(socket.extensions().insert(2_u32), Some(1));
    /// # }
    /// ```
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let mut map = self.lock();
        if self.is_closed() {
            drop(map);
            // Dropped outside the lock: its destructor may use the extensions.
            drop(value);
            return None;
        }
        map.insert(value)
    }

    /// Returns a clone of the value of type `T`. The extensions are locked while it is cloned.
    ///
    /// Handlers can take the value as an [`Extension`](crate::extract::Extension) argument instead.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().get().cloned()
    }

    /// Removes and returns the value of type `T`.
    pub fn remove<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().remove()
    }

    /// Modifies the value of type `T`, which is created with `T::default()` if missing.
    ///
    /// The extensions are locked while `change` runs: using them inside `change` deadlocks.
    ///
    /// ```
    /// # fn handler(socket: &socketio_tower::Socket) {
    /// let count = socket.extensions().update(|count: &mut u64| {
    ///     *count += 1;
    ///     *count
    /// });
    /// # }
    /// ```
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

    /// Drops all values and accepts no more. This breaks cycles: a value may hold a handle of its own socket or client.
    pub(crate) fn close(&self) {
        let mut map = self.lock();
        self.closed.store(true, Ordering::Relaxed);
        let values = std::mem::take(&mut *map);
        drop(map);
        // Dropped outside the lock: their destructors may use the extensions.
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

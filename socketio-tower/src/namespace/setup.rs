use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{SetupError, SetupErrors};

/// The setup errors of a server, kept until its layer is created, which reports them.
#[derive(Debug, Default)]
pub(super) struct Setup {
    errors: Mutex<Vec<SetupError>>,
    /// Set once a layer has been created.
    done: AtomicBool,
}

impl Setup {
    /// Returns `true` once a layer has been created.
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    pub(super) fn finish(&self) {
        self.done.store(true, Ordering::Release);
    }

    /// Records errors.
    ///
    /// # Panics
    ///
    /// Panics if the layer has already been created and there is an error.
    pub(super) fn record(&self, errors: impl IntoIterator<Item = SetupError>) {
        let Some(errors) = SetupErrors::new(errors.into_iter().collect()) else { return };
        assert!(!self.is_done(), "{errors}");
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).extend(errors);
    }

    pub(super) fn errors(&self) -> Vec<SetupError> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

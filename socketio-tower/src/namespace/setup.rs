use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{SetupError, SetupErrors};

/// The mistakes in the set-up of a server: kept until its layer is made, which reports them. Afterwards nobody would ask
/// for them.
#[derive(Debug, Default)]
pub(super) struct Setup {
    errors: Mutex<Vec<SetupError>>,
    /// Whether a layer was made.
    done: AtomicBool,
}

impl Setup {
    /// Whether a layer was made.
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    pub(super) fn finish(&self) {
        self.done.store(true, Ordering::Release);
    }

    /// Keeps mistakes.
    ///
    /// # Panics
    ///
    /// Panics if a layer was made already and there is one.
    pub(super) fn record(&self, errors: impl IntoIterator<Item = SetupError>) {
        let Some(errors) = SetupErrors::new(errors.into_iter().collect()) else { return };
        assert!(!self.is_done(), "{errors}");
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).extend(errors);
    }

    pub(super) fn errors(&self) -> Vec<SetupError> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// The IO buffer of this thread, lent until it is dropped.
///
/// Sessions hold no buffer of their own: ten thousand idle ones share one of these per worker. It is
/// initialised once, so lending it costs two moves of a pointer. A second loan at the same time gets a
/// buffer that is made for it.
pub(super) struct Scratch(Box<[u8]>);

impl Scratch {
    /// How long it is, in bytes: four TLS records, and still a small part of a core's L2 cache.
    pub(super) const LENGTH: usize = 64 * 1024;

    pub(super) fn take() -> Self {
        let kept = KEPT.try_with(Cell::take).ok().flatten();
        Self(kept.unwrap_or_else(|| vec![0; Self::LENGTH].into_boxed_slice()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // An error means that the thread is ending: there is nobody left to keep it for.
        let _ = KEPT.try_with(|kept| kept.set(Some(buffer)));
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

thread_local! {
    static KEPT: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_buffer_serves_one_loan_after_another() {
        let first = Scratch::take();
        let address = first.as_ptr();
        let beside = Scratch::take();
        assert_ne!(beside.as_ptr(), address, "two loans at once never share");
        assert_eq!((first.len(), beside.len()), (Scratch::LENGTH, Scratch::LENGTH));
        drop(beside);
        drop(first);
        assert_eq!(Scratch::take().as_ptr(), address);
    }
}

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// The I/O buffer of this thread, borrowed until it is dropped.
///
/// Sessions have no buffers: ten thousand idle ones share one of these per worker thread. It is initialized once, so
/// borrowing it costs two moves of a pointer. A second borrow at the same time allocates another buffer.
pub(super) struct Scratch(Box<[u8]>);

impl Scratch {
    /// The length in bytes: four TLS records, and still a small part of a core's L2 cache.
    pub(super) const LENGTH: usize = 64 * 1024;

    pub(super) fn take() -> Self {
        let kept = KEPT.try_with(Cell::take).ok().flatten();
        Self(kept.unwrap_or_else(|| vec![0; Self::LENGTH].into_boxed_slice()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // An error means that the thread is exiting, so the buffer is not needed.
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
    fn successive_borrows_share_one_buffer() {
        let first = Scratch::take();
        let address = first.as_ptr();
        let second = Scratch::take();
        assert_ne!(second.as_ptr(), address, "two borrows at once never share");
        assert_eq!((first.len(), second.len()), (Scratch::LENGTH, Scratch::LENGTH));
        drop(second);
        drop(first);
        assert_eq!(Scratch::take().as_ptr(), address);
    }
}

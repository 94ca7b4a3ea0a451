use std::cell::RefCell;

/// The number of random bytes in an id: 120 bits.
const ID: usize = 15;

thread_local! {
    /// Random bytes from the operating system for the next ids of this thread, since each system call costs as much as
    /// a small write. A forked process would repeat ids, but tokio does not support forking anyway.
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; Pool::LENGTH], left: 0 }) };
}

struct Pool {
    bytes: [u8; Self::LENGTH],
    left: usize,
}

/// Returns random bytes for one id.
pub(crate) fn entropy() -> [u8; ID] {
    // The pool is already destroyed while the thread exits.
    POOL.try_with(|pool| pool.borrow_mut().take()).unwrap_or_else(|_| {
        let mut id = [0; ID];
        fill(&mut id);
        id
    })
}

impl Pool {
    const LENGTH: usize = 16 * ID;

    fn take(&mut self) -> [u8; ID] {
        if self.left == 0 {
            fill(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let mut id = [0; ID];
        let next = &mut self.bytes[self.left - ID..self.left];
        id.copy_from_slice(next);
        // The id of a session is a secret: do not leave a copy in memory.
        next.fill(0);
        self.left -= ID;
        id
    }
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has randomness");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_erased() {
        let mut pool = Pool { bytes: [0; Pool::LENGTH], left: 0 };
        let ids: HashSet<_> = (0..1000).map(|_| pool.take()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(!ids.contains(&[0; ID]));
        assert_eq!(pool.bytes[pool.left..], vec![0; pool.bytes.len() - pool.left]);
    }
}

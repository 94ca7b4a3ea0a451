use std::cell::RefCell;

/// How many bytes an id is made of: 120 bits.
const ID: usize = 15;

thread_local! {
    /// Randomness of the operating system for the next ids of this thread: a call to it costs as much as a
    /// small write. (Processes that fork with a runtime in them have worse to fear than to share ids.)
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; Pool::LENGTH], left: 0 }) };
}

struct Pool {
    bytes: [u8; Self::LENGTH],
    left: usize,
}

/// Fresh randomness for one id.
pub(crate) fn entropy() -> [u8; ID] {
    // At the end of the thread there is no pool any more.
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
        // A session's id is a secret; it is not left lying about.
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
    fn no_two_are_alike_and_none_stays() {
        let mut pool = Pool { bytes: [0; Pool::LENGTH], left: 0 };
        let ids: HashSet<_> = (0..1000).map(|_| pool.take()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(!ids.contains(&[0; ID]));
        assert_eq!(pool.bytes[pool.left..], vec![0; pool.bytes.len() - pool.left]);
    }
}

use super::MAX_DEPTH;

/// A stack of open arrays and objects that allocates only for deep ones.
#[derive(Debug)]
pub(super) struct Levels<T> {
    usual: [T; USUAL],
    deep: Vec<T>,
    len: usize,
}

/// A value that is nested deeper than [`MAX_DEPTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooDeep;

/// The number of levels that need no allocation.
const USUAL: usize = 8;

impl<T: Copy + Default> Levels<T> {
    pub(super) fn new() -> Self {
        Self { usual: [T::default(); USUAL], deep: Vec::new(), len: 0 }
    }

    /// Adds a level.
    ///
    /// # Errors
    ///
    /// Returns an error if there are [`MAX_DEPTH`] levels.
    pub(super) fn push(&mut self, level: T) -> Result<(), TooDeep> {
        match self.usual.get_mut(self.len) {
            Some(next) => *next = level,
            None if self.len < MAX_DEPTH => self.deep.push(level),
            None => return Err(TooDeep),
        }
        self.len += 1;
        Ok(())
    }

    /// Removes the innermost level and returns it.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        match self.usual.get(self.len) {
            Some(level) => Some(*level),
            None => self.deep.pop(),
        }
    }

    /// Returns `true` if there are no levels.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_a_stack_of_bounded_height() {
        let mut levels = Levels::new();
        assert!(levels.is_empty());
        for level in 0..MAX_DEPTH {
            levels.push(level).unwrap();
            assert!(!levels.is_empty());
        }
        assert_eq!(levels.push(0), Err(TooDeep));
        for level in (0..MAX_DEPTH).rev() {
            assert_eq!(levels.pop(), Some(level));
        }
        assert_eq!(levels.pop(), None);
        assert!(levels.is_empty());
    }
}

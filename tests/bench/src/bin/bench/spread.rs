/// The values of a number in several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    /// The number of rounds that have the number.
    pub(crate) rounds: usize,
}

impl Spread {
    /// Returns `None` if there are no values.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() {
            odd if odd % 2 == 1 => values[middle],
            _ => f64::midpoint(*values.get(middle.checked_sub(1)?)?, values[middle]),
        };
        Some(Self { median, lowest: values[0], highest: values[values.len() - 1], rounds: values.len() })
    }

    /// Returns the lowest and the highest value; `None` if they look the same.
    pub(crate) fn range(self, show: impl Fn(f64) -> String) -> Option<String> {
        let (lowest, highest) = (show(self.lowest), show(self.highest));
        (lowest != highest).then(|| format!("{lowest}–{highest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_between_the_lowest_and_the_highest() {
        let of = |values: &[f64]| {
            let spread = Spread::of(values.iter().copied())?;
            Some((spread.median, spread.lowest, spread.highest, spread.rounds))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), Some((3.0, 3.0, 3.0, 1)));
        assert_eq!(of(&[9.0, 1.0, 2.0]), Some((2.0, 1.0, 9.0, 3)));
        assert_eq!(of(&[9.0, 1.0, 2.0, 4.0]), Some((3.0, 1.0, 9.0, 4)));
    }

    #[test]
    fn a_range_that_looks_like_one_number_is_left_out() {
        let range = |values: &[f64]| {
            Spread::of(values.iter().copied()).and_then(|spread| spread.range(|value| format!("{value:.1}")))
        };
        assert_eq!(range(&[1.0]), None);
        assert_eq!(range(&[1.01, 1.02]), None);
        assert_eq!(range(&[1.0, 3.0, 2.0]), Some("1.0–3.0".to_owned()));
    }
}

/// Reads the extension type -1, whose length tells its form. Returns milliseconds since 1970, with a fraction, as Node
/// computes them.
pub(super) fn timestamp(bytes: &[u8]) -> Option<f64> {
    let (seconds, nanoseconds) = match *bytes {
        [a, b, c, d] => (f64::from(u32::from_be_bytes([a, b, c, d])), 0),
        [a, b, c, d, e, f, g, h] => {
            let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ((both & SECONDS) as f64, (both >> 34) as u32)
        }
        [a, b, c, d, ref seconds @ ..] => {
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (seconds as f64, u32::from_be_bytes([a, b, c, d]))
        }
        _ => return None,
    };
    Some(seconds * 1e3 + f64::from(nanoseconds) / 1e6)
}

/// The lower 34 bits of a timestamp of eight bytes.
const SECONDS: u64 = (1 << 34) - 1;

/// Returns a date as `JSON.stringify` writes it, without quotes, or `None` for an invalid one, which it writes as `null`.
pub(super) fn iso(milliseconds: f64) -> Option<String> {
    let milliseconds = milliseconds.trunc();
    if milliseconds.is_nan() || milliseconds.abs() > MAX_MILLISECONDS {
        return None;
    }
    let milliseconds = milliseconds as i64;
    let (year, month, day) = civil(milliseconds.div_euclid(DAY));
    let rest = milliseconds.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000))
}

/// Returns the year, month and day of a number of days since 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from the first of March of the year 0: the leap day is the last of a year.
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    // The fourth century of a cycle has one more day, and so has each fourth year.
    let century = (day / 36_524).min(3);
    let day = day - century * 36_524;
    let leap = day / 1461;
    let day = day - leap * 1461;
    let year = (day / 365).min(3);
    let day = day - year * 365;
    // Five months from March have 153 days, and so have the next five.
    let month = (5 * day + 2) / 153;
    let first = (153 * month + 2) / 5;
    let year = cycle * 400 + century * 100 + leap * 4 + year;
    if month < 10 { (year, month + 3, day - first + 1) } else { (year + 1, month - 9, day - first + 1) }
}

/// The largest number of milliseconds of a date of JavaScript, before and after 1970.
const MAX_MILLISECONDS: f64 = 8.64e15;
/// The milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The days of 400 years.
const CYCLE: i64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_javascript_does() {
        for (milliseconds, expected) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.999Z"),
            (-0.5, "1970-01-01T00:00:00.000Z"),
            (1.9, "1970-01-01T00:00:00.001Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999.0, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000.0, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000.0, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001.0, "-000001-12-31T23:59:59.999Z"),
            (253_402_300_799_999.0, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000.0, "+010000-01-01T00:00:00.000Z"),
            (8.64e15, "+275760-09-13T00:00:00.000Z"),
            (-8.64e15, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(iso(milliseconds).as_deref(), Some(expected), "{milliseconds}");
        }
        for milliseconds in [8.64e15 + 1.0, -8.64e15 - 1.0, f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(iso(milliseconds), None, "{milliseconds}");
        }
    }

    #[test]
    fn days_follow_each_other() {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let mut expected = (1599, 12, 31);
        for days in -135_140..300_000 {
            let (year, month, day) = expected;
            let last = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == last => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
            assert_eq!(civil(days), expected, "{days}");
        }
    }

    #[test]
    fn the_length_of_a_timestamp_is_its_form() {
        assert_eq!(timestamp(&[0xff; 4]), Some(4_294_967_295_000.0));
        assert_eq!(timestamp(&[0, 0, 0, 4, 0, 0, 0, 1]), Some(1000.000001));
        assert_eq!(timestamp(&[0, 0, 0, 3, 0, 0, 0, 0]), Some(3.0 * 4_294_967_296_000.0));
        assert_eq!(timestamp(&[0, 15, 66, 64, 255, 255, 255, 255, 255, 255, 255, 255]), Some(-999.0));
        for length in [0, 1, 3, 5, 11, 13] {
            assert_eq!(timestamp(&vec![0; length]), None, "{length}");
        }
    }
}

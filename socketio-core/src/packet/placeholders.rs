use std::collections::BTreeSet;
use std::ops::Range;

use super::cursor::Cursor;

/// An iterator over the placeholders in a valid JSON text, in order. Takes linear time at any depth, and does not
/// allocate.
///
/// A placeholder is an object with the members `"_placeholder":true` and `"num":N`, in either order. Other
/// implementations also accept an object with more members or an invalid number; such an object is returned as an
/// error.
#[derive(Debug)]
pub(crate) struct Placeholders<'t> {
    cursor: Cursor<'t>,
}

/// An object that represents an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// The index of the attachment.
    pub(crate) number: usize,
    /// The range in the text.
    pub(crate) range: Range<usize>,
}

/// A member `"_placeholder":true` of an object that is not a valid placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'t> Placeholders<'t> {
    pub(crate) fn of(json: &'t str) -> Self {
        Self { cursor: Cursor::new(json) }
    }
}

impl Iterator for Placeholders<'_> {
    type Item = Result<Placeholder, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.cursor.find_object_or_string()? == b'{' {
                let start = self.cursor.position();
                if let Some(number) = take_placeholder(&mut self.cursor) {
                    return Some(Ok(Placeholder { number, range: start..self.cursor.position() }));
                }
                self.cursor.skip_byte();
            } else {
                let string = self.cursor.take_string()?;
                if string == *PLACEHOLDER_KEY && self.cursor.take(b':') && self.cursor.take_word() == "true" {
                    return Some(Err(Malformed));
                }
            }
        }
    }
}

/// Passes a placeholder and returns its number. Leaves the cursor unchanged before anything else.
pub(crate) fn take_placeholder(cursor: &mut Cursor<'_>) -> Option<usize> {
    let mut ahead = *cursor;
    let (mut marked, mut number) = (false, None);
    for opening in [b'{', b','] {
        if !ahead.take(opening) {
            return None;
        }
        let key = ahead.take_string()?;
        if !ahead.take(b':') {
            return None;
        }
        if key == *PLACEHOLDER_KEY {
            marked = ahead.take_word() == "true";
        } else if key == *NUMBER_KEY {
            number = parse_number(ahead.take_word());
        } else {
            return None;
        }
    }
    if !ahead.take(b'}') || !marked {
        return None;
    }
    let number = number?;
    *cursor = ahead;
    Some(number)
}

/// Returns `true` if every placeholder in a valid JSON text refers to one of `count` attachments, each to a different
/// one.
///
/// Invalid numbers once gave access to any property of an object (CVE-2022-2421). Repeated numbers would allow a client
/// to request a thousand copies of an attachment.
pub(crate) fn placeholders_are_valid(json: &str, count: usize) -> bool {
    let mut seen = Numbers::default();
    Placeholders::of(json).all(|placeholder| {
        placeholder.is_ok_and(|Placeholder { number, .. }| number < count && seen.insert(number))
    })
}

/// Returns `true` if every placeholder in a valid JSON text refers to one of `count` attachments, and every attachment has
/// one placeholder.
pub(crate) fn each_attachment_has_a_placeholder(json: &str, count: usize) -> bool {
    placeholders_are_valid(json, count) && Placeholders::of(json).count() == count
}

/// A set of numbers that allocates only for large ones: the stock clients send at most ten attachments.
#[derive(Debug, Default)]
struct Numbers {
    small: u64,
    large: BTreeSet<usize>,
}

impl Numbers {
    /// Adds a number. Returns `true` if it was not in the set.
    fn insert(&mut self, number: usize) -> bool {
        if number >= u64::BITS as usize {
            return self.large.insert(number);
        }
        let bit = 1 << number;
        let new = self.small & bit == 0;
        self.small |= bit;
        new
    }
}

const PLACEHOLDER_KEY: &str = "_placeholder";
const NUMBER_KEY: &str = "num";

/// Parses a non-negative integer as `JSON.stringify` writes it.
fn parse_number(word: &str) -> Option<usize> {
    word.parse().ok().filter(|_| word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<Result<&str, Malformed>> {
        let placeholders = Placeholders::of(json);
        placeholders.map(|placeholder| placeholder.map(|found| &json[found.range])).collect()
    }

    #[test]
    fn placeholders_are_found_at_any_depth_and_in_any_notation() {
        let forms = [
            r#"{"_placeholder":true,"num":3}"#,
            r#"{"num":3,"_placeholder":true}"#,
            "{ \"_placeholder\" :\ttrue ,\r\"num\" : 3\n}",
            r#"{"_pl\u0061ceholder":true,"n\u0075m":3}"#,
        ];
        for form in forms {
            let json = format!(r#"["e",{{"a":[{form},"{{\"num\""]}},{form}]"#);
            assert_eq!(found(&json), [Ok(form), Ok(form)], "{json}");
            assert!(Placeholders::of(&json).all(|placeholder| placeholder.unwrap().number == 3));
        }
    }

    #[test]
    fn ambiguous_placeholders_are_malformed() {
        for json in [
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":18446744073709551616}"#,
            r#"{"_placeholder":true,"num":0,"more":1}"#,
            r#"{"more":1,"_placeholder":true,"num":0}"#,
            r#"{"num":{"num":0},"_placeholder":true}"#,
            r#"{"_placeholder":true,"_placeholder":true}"#,
        ] {
            assert!(found(json).contains(&Err(Malformed)), "{json}");
        }
    }

    #[test]
    fn similar_data_is_not_a_placeholder() {
        for json in [
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"num":0}"#,
            r#"["_placeholder",true]"#,
            r#""{\"_placeholder\":true,\"num\":0}""#,
            r#"{"a\"_placeholder":true}"#,
        ] {
            assert_eq!(found(json), [], "{json}");
        }
    }

    #[test]
    fn a_number_is_used_once() {
        let packet = |numbers: &[usize]| {
            let placeholders: Vec<_> =
                numbers.iter().map(|n| format!(r#"{{"_placeholder":true,"num":{n}}}"#)).collect();
            format!("[{}]", placeholders.join(","))
        };
        assert!(placeholders_are_valid(&packet(&[1, 0, 63, 64, 65, 99]), 100));
        for twice in [0, 63, 64, 99] {
            assert!(!placeholders_are_valid(&packet(&[twice, 1, twice]), 100), "{twice}");
        }
        assert!(!placeholders_are_valid(&packet(&[100]), 100));
    }

    #[test]
    fn depth_and_length_cost_linear_time() {
        let deep = format!("{}1{}", r#"{"num":["#.repeat(500_000), "]}".repeat(500_000));
        assert_eq!(found(&deep), []);
        let long = format!(r#"{{"{}":1}}"#, r"\u005f".repeat(500_000));
        assert_eq!(found(&long), []);
    }
}

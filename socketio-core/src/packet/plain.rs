/// An array that is checked without a JSON parser: strings without escapes, or one such string and the placeholder of the first
/// attachment, without white space. Most events are such an array, and one pass checks it, finds the end of its name and
/// learns the shape of its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainArray {
    /// The index of the quote that ends the first element, which is a string.
    pub(super) name_end: usize,
    /// The index of the second element, or 0 if there is none.
    pub(super) second: usize,
    /// The shape of the second element.
    pub(super) shape: Shape,
}

/// The shape of the first argument, as far as it is known without parsing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Any value, or none, or one of several.
    Any,
    /// A string without escapes, and the only argument.
    Text,
    /// The placeholder of the first attachment, and the only argument.
    Attachment,
}

/// A placeholder and the end of the array, as `JSON.stringify` writes them.
const PLACEHOLDER: &[u8] = br#"{"_placeholder":true,"num":0}]"#;

impl PlainArray {
    /// Scans a text. Returns `None` if it is anything but a plain array.
    pub(super) fn scan(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !bytes.starts_with(b"[\"") {
            return None;
        }
        let name_end = string_end(bytes, 2)?;
        let second = name_end + 2;
        let (mut end, mut shape) = (name_end, Shape::Any);
        loop {
            match bytes.get(end + 1..)? {
                b"]" if end == name_end => return Some(Self { name_end, second: 0, shape }),
                b"]" => return Some(Self { name_end, second, shape }),
                [b',', b'"', ..] => {
                    shape = if end == name_end { Shape::Text } else { Shape::Any };
                    end = string_end(bytes, end + 3)?;
                }
                [b',', rest @ ..] if end == name_end && rest == PLACEHOLDER => {
                    return Some(Self { name_end, second, shape: Shape::Attachment });
                }
                _ => return None,
            }
        }
    }
}

/// Returns the index of the quote that ends a string, or `None` if the string is not plain.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let end = start + plain_prefix(bytes.get(start..)?);
    (bytes.get(end) == Some(&b'"')).then_some(end)
}

/// Returns the number of bytes before the first that ends a plain string: a quote, a backslash or a control character.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = bytes[at..].first_chunk::<BLOCK>() {
        if block.iter().fold(false, |found, byte| found | ends_plain(*byte)) {
            break;
        }
        at += BLOCK;
    }
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let found = ends_plain_in_word(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| !ends_plain(**byte)).count()
}

/// Returns the same as [`plain_prefix`], in half the time for a short string in a long text.
#[inline]
pub(crate) fn short_plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < SHORT
        && let Some(word) = bytes[at..].first_chunk::<8>()
    {
        let found = ends_plain_in_word(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + plain_prefix(&bytes[at..])
}

/// The number of bytes after which a string is not short.
const SHORT: usize = 32;

/// The number of bytes compared at once. Half of it takes twice the time.
const BLOCK: usize = 64;

/// Returns `true` if the byte ends a plain string. Branchless, so that the compiler can vectorize it.
fn ends_plain(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

/// Returns a word whose lowest bit set is the highest bit of the first byte that [ends a plain string](ends_plain), or 0.
fn ends_plain_in_word(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // A byte below `n` borrows from its highest bit. The borrow may reach the bytes above it, which come later.
    let below = |word: u64, n: u8| word.wrapping_sub(ONES * u64::from(n)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\')) & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &str) -> Option<(&str, &str, Shape)> {
        let plain = PlainArray::scan(text)?;
        let second = if plain.second == 0 { "" } else { &text[plain.second..] };
        Some((&text[2..plain.name_end], second, plain.shape))
    }

    #[test]
    fn plain_arrays_are_recognized() {
        let long = "é".repeat(100);
        for (text, expected) in [
            (r#"["a"]"#, ("a", "", Shape::Any)),
            (r#"["","b"]"#, ("", r#""b"]"#, Shape::Text)),
            (r#"["a","b","c"]"#, ("a", r#""b","c"]"#, Shape::Any)),
            (&format!(r#"["a","{long}"]"#), ("a", &*format!(r#""{long}"]"#), Shape::Text)),
            (
                r#"["a",{"_placeholder":true,"num":0}]"#,
                ("a", r#"{"_placeholder":true,"num":0}]"#, Shape::Attachment),
            ),
        ] {
            assert_eq!(scan(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_left_to_the_parser() {
        for text in [
            "",
            "[",
            "[\"",
            "[\"a",
            "[\"a\"",
            "[\"a\",",
            "[\"a\",]",
            "[\"a\",\"",
            "[\"a\",\"b\"",
            "[]",
            "[1]",
            r#"["a",1]"#,
            r#"[ "a"]"#,
            r#"["a" ]"#,
            r#"["a"] "#,
            r#"["a", "b"]"#,
            r#"["a\n"]"#,
            "[\"a\n\"]",
            r#"["a","\u0062"]"#,
            r#"["a"]]"#,
            r#"["a",{"_placeholder":true,"num":1}]"#,
            r#"["a","b",{"_placeholder":true,"num":0}]"#,
            r#"["a",{"_placeholder":true,"num":0}"#,
            r#"["a",{"_placeholder":true,"num":0},1]"#,
        ] {
            assert_eq!(scan(text), None, "{text}");
        }
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..80 {
                let mut bytes = [b'x'; 80];
                bytes[place] = byte;
                let end = if ends_plain(byte) { place } else { 80 };
                assert_eq!(plain_prefix(&bytes), end, "{byte} at {place}");
                assert_eq!(short_plain_prefix(&bytes), end, "{byte} at {place}");
                // Behind a byte that is not an end, whatever it borrows.
                bytes[..place].fill(0xff);
                assert_eq!(plain_prefix(&bytes), end, "{byte} behind 0xff at {place}");
            }
        }
    }

    proptest! {
        /// The scan and a JSON parser agree: a plain array is valid JSON, and its parts are those that the parser finds.
        #[test]
        fn a_plain_array_is_valid_json(text in r#"\["[a-c"\\é\x00-\x20]{0,40}"(,"[a-c"\\,é]{0,40}"){0,3}\]|\[.{0,40}\]"#) {
            if let Some(plain) = PlainArray::scan(&text) {
                let values: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(values[0].as_str().unwrap(), &text[2..plain.name_end]);
                prop_assert_eq!(plain.second == 0, values.len() == 1);
                prop_assert_eq!(plain.shape == Shape::Text, values.len() == 2 && values[1].is_string());
                if plain.shape == Shape::Text {
                    prop_assert_eq!(values[1].as_str().unwrap(), &text[plain.second + 1..text.len() - 2]);
                }
            }
        }

        /// Strings that need no escapes are never left to the parser.
        #[test]
        fn strings_without_escapes_are_plain(strings in prop::collection::vec("[ !#-\\[\\]-~é😀]{0,100}", 1..4)) {
            let text = serde_json::to_string(&strings).unwrap();
            prop_assert!(PlainArray::scan(&text).is_some(), "{}", text);
        }
    }
}

use crate::cluster::wire::{MAX_DEPTH, ReadError};
use crate::packet::{Quoted, short_plain_prefix};

/// A position in a JSON text that is validated (RFC 8259) while it is passed, for the first and only time: this takes half
/// the time of a parser before a [`Cursor`](crate::packet::Cursor). An unpaired surrogate is accepted in a string.
#[derive(Debug, Clone, Copy)]
pub(in crate::cluster::wire) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// The kinds of open arrays and objects, one bit each.
#[derive(Debug, Default)]
struct Nesting {
    is_map: [u64; MAX_DEPTH / 64],
    depth: usize,
}

const INVALID: ReadError = ReadError::Malformed("invalid JSON");

impl<'a> Scanner<'a> {
    pub(in crate::cluster::wire) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the next byte after white space.
    #[inline]
    pub(in crate::cluster::wire) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Passes `byte` if it is the next byte after white space.
    #[inline]
    pub(in crate::cluster::wire) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Returns the position of the next value.
    pub(in crate::cluster::wire) fn start(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Returns the text from a position up to here.
    pub(in crate::cluster::wire) fn since(self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes a key and the colon after it.
    #[inline]
    pub(in crate::cluster::wire) fn key(&mut self) -> Result<Quoted<'a>, ReadError> {
        self.peek();
        let key = self.string().ok_or(INVALID)?;
        if self.take(b':') { Ok(key) } else { Err(INVALID) }
    }

    /// Passes a value and returns it.
    pub(in crate::cluster::wire) fn value(&mut self) -> Result<&'a str, ReadError> {
        let start = self.start();
        if let Some(b'[' | b'{') = self.byte() {
            self.container()?;
        } else {
            self.scalar().ok_or(INVALID)?;
        }
        Ok(self.since(start))
    }

    fn container(&mut self) -> Result<(), ReadError> {
        let mut nesting = Nesting::default();
        'value: loop {
            match self.peek() {
                Some(opening @ (b'{' | b'[')) => {
                    self.at += 1;
                    let is_map = opening == b'{';
                    nesting.open(is_map)?;
                    if self.take(closing(is_map)) {
                        nesting.depth -= 1;
                    } else if is_map {
                        self.key()?;
                        continue;
                    } else {
                        continue;
                    }
                }
                _ => self.scalar().ok_or(INVALID)?,
            }
            while nesting.depth > 0 {
                let is_map = nesting.is_map();
                if self.take(b',') {
                    if is_map {
                        self.key()?;
                    }
                    continue 'value;
                }
                if !self.take(closing(is_map)) {
                    return Err(INVALID);
                }
                nesting.depth -= 1;
            }
            return Ok(());
        }
    }

    #[inline]
    fn scalar(&mut self) -> Option<()> {
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => None,
        }
    }

    #[inline]
    fn string(&mut self) -> Option<Quoted<'a>> {
        if self.byte()? != b'"' {
            return None;
        }
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            at += short_plain_prefix(bytes.get(at..)?);
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => at += escape(bytes.get(at..)?)?,
                _ => return None,
            }
            escaped = true;
        }
        self.at = at + 1;
        Some(Quoted::new(self.text.get(start..at)?, escaped))
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        match self.byte()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

fn closing(is_map: bool) -> u8 {
    if is_map { b'}' } else { b']' }
}

/// Returns the length of the escape at the beginning of `rest`.
#[cold]
fn escape(rest: &[u8]) -> Option<usize> {
    match rest {
        [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(2),
        [_, b'u', digits @ ..] if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) => {
            Some(6)
        }
        _ => None,
    }
}

impl Nesting {
    #[inline]
    fn open(&mut self, is_map: bool) -> Result<(), ReadError> {
        let bits = self.is_map.get_mut(self.depth / 64).ok_or(ReadError::TooLarge("depth"))?;
        let bit = 1 << (self.depth % 64);
        *bits = if is_map { *bits | bit } else { *bits & !bit };
        self.depth += 1;
        Ok(())
    }

    /// Returns `true` if the innermost one is an object.
    #[inline]
    fn is_map(&self) -> bool {
        let index = self.depth.saturating_sub(1);
        self.is_map.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn is_valid(text: &str) -> Result<bool, ReadError> {
        let mut scanner = Scanner::new(text);
        match scanner.value() {
            Ok(value) => Ok(value == text.trim_matches([' ', '\t', '\n', '\r'])),
            Err(INVALID) => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[track_caller]
    fn check(text: &str) {
        let expected = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_valid(text), Ok(expected), "{text}");
    }

    #[test]
    fn every_kind_of_value_is_validated() {
        for text in [
            "null",
            "true",
            "false",
            "nul",
            "nulll",
            "True",
            "0",
            "-0",
            "01",
            "-",
            "+1",
            "1.",
            "1.5",
            ".5",
            "1e",
            "1e5",
            "1E+5",
            "1e-5",
            "1e+",
            "-1.5e300",
            "1e999",
            "\"\"",
            "\"a",
            "\"a\"b",
            "\"\\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12aF\"",
            "\"\\ud83d\"",
            "\"\t\"",
            "\"\u{7f}é😀\"",
            "[]",
            "[ ]",
            "[1,2]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1}",
            "{}",
            "{ }",
            "{\"a\":1}",
            "{\"a\" : 1 , \"b\":[]}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{1:1}",
            "{\"a\":1,}",
            "{]",
            "",
            " ",
            "[",
            "{",
            "]",
            ",",
            "[[[]],{\"a\":[{}]}]",
            "[\"]\"]",
            "\u{feff}[]",
            "[1]]",
        ] {
            check(text);
            check(&format!(" [{text} ] "));
            check(&format!("{{\"k\":{text}}}"));
        }
        check(&format!("\"{}\"", "é".repeat(100)));
        check(&format!("\"{}\n\"", "x".repeat(100)));
        check(&format!("\"{}\\u00e9{}\"", "x".repeat(30), "y".repeat(30)));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| format!("{}1{}", r#"[{"a":"#.repeat(depth / 2), "}]".repeat(depth / 2));
        assert_eq!(is_valid(&deep(MAX_DEPTH)), Ok(true));
        assert_eq!(is_valid(&format!("[{}]", deep(MAX_DEPTH))), Err(ReadError::TooLarge("depth")));
        let empty = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(is_valid(&empty(MAX_DEPTH)), Ok(true));
        assert_eq!(is_valid(&empty(MAX_DEPTH + 1)), Err(ReadError::TooLarge("depth")));
        assert_eq!(is_valid(&"[".repeat(1_000_000)), Err(ReadError::TooLarge("depth")));
    }

    proptest! {
        #[test]
        fn what_is_valid_is_what_serde_json_accepts(
            text in r#"[\[\]{}:," \\u0-9truefalsn.e+\-\n"]{0,12}|"[ -~\\"\x00-\x20é]{0,40}"|.{0,20}"#,
        ) {
            check(&text);
        }

        #[test]
        fn values_are_valid(value in any::<(Vec<f64>, String, std::collections::BTreeMap<String, Vec<Option<i64>>>)>()) {
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(is_valid(&json), Ok(true));
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(is_valid(&pretty), Ok(true));
        }
    }
}

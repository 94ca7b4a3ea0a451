use std::borrow::Cow;

use super::plain::short_plain_prefix;

/// A position in a JSON text that has already been validated.
///
/// The cursor moves over tokens and does not check the grammar. On invalid JSON its results are unspecified, but it
/// neither panics nor loops forever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the number of bytes passed.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Returns the next byte after white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Passes `byte` if it is the next byte after white space.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes a string.
    pub(crate) fn take_string(&mut self) -> Option<Quoted<'t>> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.at;
        let mut escaped = false;
        while self.find_string_end()? == b'\\' {
            escaped = true;
            self.at += 2;
        }
        let raw = self.text.get(start..self.at)?;
        self.at += 1;
        Some(Quoted { raw, escaped })
    }

    /// Passes a number, or one of the words `true`, `false` and `null`.
    pub(crate) fn take_word(&mut self) -> &'t str {
        self.peek();
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes a value of any depth and returns it.
    pub(crate) fn take_value(&mut self) -> &'t str {
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' if self.take_string().is_none() => break,
                b'"' => {}
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => self.at += 1,
                _ => _ = self.take_word(),
            }
            if depth == 0 {
                break;
            }
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Moves to the next `{` or `"` outside of strings, without passing it.
    pub(crate) fn find_object_or_string(&mut self) -> Option<u8> {
        self.skip_while(|byte| !matches!(byte, b'{' | b'"'));
        self.byte()
    }

    /// Passes the next byte.
    pub(crate) fn skip_byte(&mut self) {
        self.at += 1;
    }

    /// Moves to the next quote or backslash and returns it.
    #[inline]
    fn find_string_end(&mut self) -> Option<u8> {
        loop {
            self.at += short_plain_prefix(self.text.as_bytes().get(self.at..)?);
            match self.byte()? {
                byte @ (b'"' | b'\\') => return Some(byte),
                // A control character, which valid JSON does not contain.
                _ => self.at += 1,
            }
        }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !skipped(*byte)).unwrap_or(rest.len());
    }
}

/// A string between its quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted<'t> {
    raw: &'t str,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    /// Returns the unescaped text. An unpaired surrogate, which a `str` cannot hold, becomes U+FFFD.
    pub(crate) fn text(self) -> Cow<'t, str> {
        match self.escaped {
            true => Cow::Owned(unescape(self.raw)),
            false => Cow::Borrowed(self.raw),
        }
    }

    /// Creates a string from the text between its quotes.
    #[cfg(feature = "cluster")]
    pub(crate) fn new(raw: &'t str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// Returns `true` if the string contains escapes.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_escaped(self) -> bool {
        self.escaped
    }

    /// Returns the text between the quotes, with its escapes.
    #[cfg(feature = "cluster")]
    pub(crate) fn raw(self) -> &'t str {
        self.raw
    }

    /// Passes the unescaped text on, in parts.
    #[cfg(feature = "cluster")]
    pub(crate) fn each_part(self, mut take: impl FnMut(&str)) {
        match self.escaped {
            true => unescape_parts(self.raw, &mut take),
            false => take(self.raw),
        }
    }
}

impl PartialEq<str> for Quoted<'_> {
    fn eq(&self, text: &str) -> bool {
        match self.escaped {
            true => unescape(self.raw) == text,
            false => self.raw == text,
        }
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    unescape_parts(raw, &mut |part| text.push_str(part));
    text
}

fn unescape_parts(raw: &str, take: &mut impl FnMut(&str)) {
    let mut rest = raw.chars();
    loop {
        let (plain, escape) = rest.as_str().split_once('\\').unwrap_or((rest.as_str(), ""));
        take(plain);
        rest = escape.chars();
        let character = match rest.next() {
            None => return,
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => take_code_point(&mut rest),
            Some(itself) => itself,
        };
        take(character.encode_utf8(&mut [0; 4]));
    }
}

/// Reads the character of `\uXXXX`, or of two of them that form a surrogate pair, after the first `u`.
fn take_code_point(rest: &mut std::str::Chars<'_>) -> char {
    let high = take_code_unit(rest);
    if let 0xd800..0xdc00 = high
        && let Some(after) = rest.as_str().strip_prefix("\\u")
    {
        let mut after = after.chars();
        if let low @ 0xdc00..0xe000 = take_code_unit(&mut after) {
            *rest = after;
            let code_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn take_code_unit(rest: &mut std::str::Chars<'_>) -> u32 {
    rest.by_ref().take(4).fold(0, |unit, digit| unit << 4 | digit.to_digit(16).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_one_replacement_character() {
        for (raw, text) in [
            (r"a\ud83d", "a\u{fffd}"),
            (r"\ude00b", "\u{fffd}b"),
            (r"\ud83d\n", "\u{fffd}\n"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    #[test]
    fn a_value_is_passed_at_any_depth() {
        let deep = format!("{}1{}", r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
        for value in [r#""a\"]""#, "-1.5e+3", "null", "[]", "{}", r#"[ 1 , {"a" : [ ] } , "]" ]"#, &deep] {
            for after in ["", ",2]", "]", " }"] {
                let json = format!(" {value}{after}");
                assert_eq!(Cursor::new(&json).take_value(), value);
            }
        }
    }

    #[test]
    fn invalid_json_does_not_panic() {
        for text in ["\"", "\"\\", "\"\\é", "\"a\\\"", "", "é", "\\", "\\ud8", "\\u", "\\ud83d\\u"] {
            let mut cursor = Cursor::new(text);
            assert!(cursor.take_string().is_none(), "{text}");
            unescape(text);
        }
    }

    proptest! {
        #[test]
        fn strings_are_unescaped_as_serde_json_does(value in "[ -~é😀\\n\"\\\\\\x00-\\x1f]{0,40}|.{0,40}") {
            let json = serde_json::to_string(&value).unwrap();
            let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let mut cursor = Cursor::new(&json);
            prop_assert_eq!(cursor.take_string().unwrap().text(), &*value);
            prop_assert_eq!(cursor.position(), json.len());
            prop_assert_eq!(unescape(&escaped), value);
        }

        #[test]
        fn nothing_panics(text in "[\"\\\\u{}\\[\\]a-f0-9é😀]{0,30}|.{0,40}") {
            let mut cursor = Cursor::new(&text);
            cursor.take_value();
            while cursor.find_object_or_string().is_some() {
                if cursor.take_string().is_none() {
                    cursor.skip_byte();
                }
            }
            unescape(&text);
        }
    }
}

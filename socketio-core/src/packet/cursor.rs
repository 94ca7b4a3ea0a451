use std::borrow::Cow;

/// A place in a JSON text that was found valid before.
///
/// It moves over tokens and checks no grammar: over a text that is no JSON it ends somewhere, but it neither panics nor
/// fails to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes it has passed.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.byte()
    }

    /// Passes `byte` if it is the next one that is no white space.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes the opening quote and the rest of a string; gives what stands between the quotes, escapes and all.
    pub(super) fn take_string(&mut self) -> Option<&'t str> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            self.skip_while(|byte| !matches!(byte, b'"' | b'\\'));
            match self.byte()? {
                b'"' => break,
                _ => self.at += 2,
            }
        }
        let string = self.text.get(start..self.at);
        self.at += 1;
        string
    }

    /// Passes a number, or one of the words `true`, `false` and `null`.
    pub(super) fn take_word(&mut self) -> &'t str {
        self.peek();
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        &self.text[start..self.at]
    }

    /// Moves to the next `{` or `"` outside of strings, without passing it.
    pub(super) fn find_object_or_string(&mut self) -> Option<u8> {
        self.skip_while(|byte| !matches!(byte, b'{' | b'"'));
        self.byte()
    }

    /// Passes the next byte, whatever it is.
    pub(super) fn skip_byte(&mut self) {
        self.at += 1;
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !skipped(*byte)).unwrap_or(rest.len());
    }
}

/// The text that stands for itself between the quotes of a JSON string, or behind escapes. Half a surrogate pair, which
/// no `str` can hold, becomes U+FFFD.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    let Some((plain, mut rest)) = raw.split_once('\\') else { return Cow::Borrowed(raw) };
    let mut text = String::with_capacity(raw.len());
    text.push_str(plain);
    loop {
        let mut escape = rest.chars();
        text.push(match escape.next().unwrap_or('\\') {
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => take_code_point(&mut escape),
            itself => itself,
        });
        let Some((plain, behind)) = escape.as_str().split_once('\\') else {
            text.push_str(escape.as_str());
            return Cow::Owned(text);
        };
        text.push_str(plain);
        rest = behind;
    }
}

/// The character of `\uXXXX`, or of two of them that are a surrogate pair, behind the first `u`.
fn take_code_point(rest: &mut std::str::Chars<'_>) -> char {
    let high = take_code_unit(rest);
    if let 0xd800..0xdc00 = high
        && let Some(behind) = rest.as_str().strip_prefix("\\u")
    {
        let mut behind = behind.chars();
        if let low @ 0xdc00..0xe000 = take_code_unit(&mut behind) {
            *rest = behind;
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
    fn a_text_that_is_no_json_is_survived() {
        for text in ["\"", "\"\\", "\"\\é", "\"a\\\"", "", "é", "\\", "\\ud8", "\\u", "\\ud83d\\u"] {
            let mut cursor = Cursor::new(text);
            assert_eq!(cursor.take_string(), None, "{text}");
            unescape(text);
        }
    }

    proptest! {
        #[test]
        fn strings_are_unescaped_as_serde_json_does(value in "[ -~é😀\\n\"\\\\\\x00-\\x1f]{0,40}|.{0,40}") {
            let json = serde_json::to_string(&value).unwrap();
            let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let mut cursor = Cursor::new(&json);
            prop_assert_eq!(unescape(cursor.take_string().unwrap()), &*value);
            prop_assert_eq!(cursor.position(), json.len());
            prop_assert_eq!(unescape(&escaped), &*value);
        }

        #[test]
        fn nothing_panics(text in "[\"\\\\u{}\\[\\]a-f0-9é😀]{0,30}|.{0,40}") {
            let mut cursor = Cursor::new(&text);
            while cursor.find_object_or_string().is_some() {
                if cursor.take_string().is_none() {
                    cursor.skip_byte();
                }
            }
            unescape(&text);
        }
    }
}

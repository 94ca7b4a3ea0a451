use crate::cluster::wire::levels::{Levels, TooDeep};
use crate::cluster::wire::output::{Open, Output, Parts};
use crate::packet::{Cursor, Quoted, take_placeholder};

/// A message as MessagePack. Writes only the types that every implementation reads: integers in their shortest form,
/// doubles, valid UTF-8, arrays, maps with text as keys, binary, booleans and nil.
#[derive(Debug)]
pub(in crate::cluster::wire) struct MsgPack(Vec<u8>);

/// An array or an object of a JSON text that is being written.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// The offset of the header in the buffer: one byte, until the number of elements is known.
    at: usize,
    /// The number of elements or members written.
    count: usize,
    is_map: bool,
}

impl Output for MsgPack {
    fn new(buffer: Vec<u8>) -> Self {
        Self(buffer)
    }

    fn into_buffer(self) -> Vec<u8> {
        self.0
    }

    fn open_map(&mut self) -> Open {
        self.0.push(FIX_MAP);
        Open { at: self.0.len() - 1, count: 0 }
    }

    fn key(&mut self, map: &mut Open, key: &'static str) -> &mut Self {
        map.count += 1;
        self.text(key);
        self
    }

    fn close_map(&mut self, map: Open) {
        debug_assert!(map.count <= FIX_MAX, "a map of a message is small");
        self.0[map.at] = FIX_MAP | map.count as u8;
    }

    fn open_list(&mut self, length: usize) -> Open {
        self.0.extend_from_slice(header(false, length).bytes());
        Open { at: self.0.len(), count: length }
    }

    fn element(&mut self, _: &mut Open) -> &mut Self {
        self
    }

    fn close_list(&mut self, _: Open) {}

    #[inline]
    fn text(&mut self, text: &str) {
        self.text_header(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        match number {
            0..=0x7f => self.0.push(number as u8),
            0x80..=0xff => self.0.extend_from_slice(&[0xcc, number as u8]),
            0x100..=0xffff => self.tagged(0xcd, (number as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.tagged(0xce, (number as u32).to_be_bytes()),
            _ => self.tagged(0xcf, number.to_be_bytes()),
        }
    }

    fn boolean(&mut self, boolean: bool) {
        self.0.push(if boolean { 0xc3 } else { 0xc2 });
    }

    fn null(&mut self) {
        self.0.push(NIL);
    }

    /// The headers of arrays and objects with more than 15 elements are widened at the end, all at once: the time is linear
    /// in the length of the text, apart from sorting them.
    fn raw(&mut self, json: &str, attachments: &mut Parts<'_>) -> Result<(), TooDeep> {
        let (mut cursor, mut outer, mut wide) = (Cursor::new(json), Levels::<Level>::new(), Vec::new());
        let has_attachments = !attachments.is_empty();
        // The innermost level that is open, and before the first one, a list of the value alone.
        let mut level = Level::default();
        loop {
            match cursor.peek() {
                Some(b'"') => self.quoted(&mut cursor),
                Some(b'{') if has_attachments && take_placeholder(&mut cursor).is_some() => {
                    self.binary(attachments.next().unwrap_or_default());
                }
                Some(opening @ (b'[' | b'{')) => {
                    cursor.skip_byte();
                    outer.push(level)?;
                    level = Level { at: self.0.len(), count: 0, is_map: opening == b'{' };
                    self.0.push(if level.is_map { FIX_MAP } else { FIX_ARRAY });
                    if !cursor.take(level.closing()) {
                        self.begin_element(&mut cursor, level.is_map);
                        continue;
                    }
                    level = outer.pop().unwrap_or_default();
                }
                _ => self.word(cursor.take_word()),
            }
            // The end of a value, and of all arrays and objects that end with it.
            loop {
                if outer.is_empty() {
                    self.widen(wide);
                    return Ok(());
                }
                level.count += 1;
                if cursor.take(b',') {
                    self.begin_element(&mut cursor, level.is_map);
                    break;
                }
                cursor.take(level.closing());
                match level.count {
                    count @ 0..=FIX_MAX => self.0[level.at] |= count as u8,
                    _ => wide.push(level),
                }
                level = outer.pop().unwrap_or_default();
            }
        }
    }
}

impl Level {
    #[inline]
    fn closing(self) -> u8 {
        if self.is_map { b'}' } else { b']' }
    }
}

impl MsgPack {
    fn tagged<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        self.0.push(tag);
        self.0.extend_from_slice(&bytes);
    }

    /// Writes the header of a text.
    #[inline]
    fn text_header(&mut self, length: usize) {
        self.0.reserve(5 + length);
        match length {
            0..=31 => self.0.push(FIX_STR | length as u8),
            32..=0xff => self.0.extend_from_slice(&[0xd9, length as u8]),
            _ => self.long_header([0xda, 0xdb], length),
        }
    }

    fn binary(&mut self, bytes: &[u8]) {
        match bytes.len() {
            0..=0xff => self.0.extend_from_slice(&[0xc4, bytes.len() as u8]),
            _ => self.long_header([0xc5, 0xc6], bytes.len()),
        }
        self.0.extend_from_slice(bytes);
    }

    /// Writes the header of a text or of binary whose length does not fit into a byte.
    fn long_header(&mut self, tags: [u8; 2], length: usize) {
        match u16::try_from(length) {
            Ok(length) => self.tagged(tags[0], length.to_be_bytes()),
            // A length of more than 32 bits is refused with the whole message.
            Err(_) => self.tagged(tags[1], (length as u32).to_be_bytes()),
        }
    }

    /// Writes the key of the next member, if elements are members.
    fn begin_element(&mut self, cursor: &mut Cursor<'_>, is_map: bool) {
        if is_map {
            self.quoted(cursor);
            cursor.take(b':');
        }
    }

    /// Writes the string that is next.
    fn quoted(&mut self, cursor: &mut Cursor<'_>) {
        match cursor.take_string() {
            Some(string) if string.is_escaped() => self.escaped(string),
            Some(string) => self.text(string.raw()),
            None => {
                cursor.skip_byte();
                self.text("");
            }
        }
    }

    /// Writes a string with escapes, once to measure it.
    #[cold]
    fn escaped(&mut self, string: Quoted<'_>) {
        let mut length = 0;
        string.each_part(|part| length += part.len());
        self.text_header(length);
        string.each_part(|part| self.0.extend_from_slice(part.as_bytes()));
    }

    /// Writes a number, or one of the words `true`, `false` and `null`.
    fn word(&mut self, word: &str) {
        match word {
            "true" => self.boolean(true),
            "false" => self.boolean(false),
            "null" | "" => self.null(),
            number => self.json_number(number),
        }
    }

    fn json_number(&mut self, word: &str) {
        if let Some(digits) = word.strip_prefix('-') {
            match integer(digits).and_then(|magnitude| 0_i64.checked_sub_unsigned(magnitude)) {
                Some(negative @ ..=-1) => return self.negative(negative),
                Some(_) => return self.tagged(DOUBLE, (-0.0_f64).to_be_bytes()),
                None => {}
            }
        } else if let Some(number) = integer(word) {
            return self.number(number);
        }
        // As `JSON.parse` does, a number that is too large becomes infinite.
        self.tagged(DOUBLE, word.parse().unwrap_or(0.0_f64).to_be_bytes());
    }

    fn negative(&mut self, number: i64) {
        match number {
            -0x20.. => self.0.push(number as u8),
            -0x80.. => self.0.extend_from_slice(&[0xd0, number as u8]),
            -0x8000.. => self.tagged(0xd1, (number as i16).to_be_bytes()),
            -0x8000_0000.. => self.tagged(0xd2, (number as i32).to_be_bytes()),
            _ => self.tagged(0xd3, number.to_be_bytes()),
        }
    }

    /// Replaces headers of one byte by longer ones, from the last to the first, and moves every byte once.
    fn widen(&mut self, mut wide: Vec<Level>) {
        if wide.is_empty() {
            return;
        }
        wide.sort_unstable_by_key(|level| level.at);
        let header = |level: &Level| header(level.is_map, level.count);
        let mut from = self.0.len();
        let mut to = from + wide.iter().map(|level| header(level).bytes().len() - 1).sum::<usize>();
        self.0.resize(to, 0);
        for level in wide.iter().rev() {
            let header = header(level);
            let behind = level.at + 1;
            to -= from - behind;
            self.0.copy_within(behind..from, to);
            to -= header.bytes().len();
            self.0[to..][..header.bytes().len()].copy_from_slice(header.bytes());
            from = level.at;
        }
    }
}

const NIL: u8 = 0xc0;
const DOUBLE: u8 = 0xcb;
const FIX_STR: u8 = 0xa0;
const FIX_ARRAY: u8 = 0x90;
const FIX_MAP: u8 = 0x80;
/// The maximum length of an array or a map whose header has one byte.
const FIX_MAX: usize = 15;

/// Parses decimal digits, if they are a 64-bit integer.
fn integer(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// The header of an array or a map.
struct Header {
    bytes: [u8; 5],
    length: usize,
}

impl Header {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn header(is_map: bool, count: usize) -> Header {
    let [fix, short, long] = if is_map { [FIX_MAP, 0xde, 0xdf] } else { [FIX_ARRAY, 0xdc, 0xdd] };
    let [a, b, c, d] = (count as u32).to_be_bytes();
    let (bytes, length) = match count {
        0..=FIX_MAX => ([fix | d, 0, 0, 0, 0], 1),
        16..=0xffff => ([short, c, d, 0, 0], 3),
        _ => ([long, a, b, c, d], 5),
    };
    Header { bytes, length }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn written(json: &str, attachments: &[Bytes]) -> Vec<u8> {
        let mut output = MsgPack::new(Vec::new());
        output.raw(json, &mut Parts::List(attachments.iter())).unwrap();
        output.into_buffer()
    }

    #[track_caller]
    fn check(json: &str, expected: &[u8]) {
        assert_eq!(written(json, &[]), expected, "{json}");
        let list = written(&format!("[ {json} , {json}]"), &[]);
        assert_eq!(list, [&[0x92], expected, expected].concat(), "[{json},{json}]");
        let map = written(&format!(r#"{{"a":{json},"b" : {json} }}"#), &[]);
        assert_eq!(map, [&[0x82, 0xa1, b'a'], expected, &[0xa1, b'b'], expected].concat());
    }

    #[test]
    fn numbers_are_as_short_as_possible() {
        check("0", &[0]);
        check("127", &[0x7f]);
        check("128", &[0xcc, 0x80]);
        check("255", &[0xcc, 0xff]);
        check("256", &[0xcd, 1, 0]);
        check("65536", &[0xce, 0, 1, 0, 0]);
        check("4294967296", &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0]);
        check("18446744073709551615", &[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]);
        check("-1", &[0xff]);
        check("-32", &[0xe0]);
        check("-33", &[0xd0, 0xdf]);
        check("-129", &[0xd1, 0xff, 0x7f]);
        check("-32769", &[0xd2, 0xff, 0xff, 0x7f, 0xff]);
        check("-9223372036854775808", &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn other_numbers_are_doubles() {
        for (json, value) in [
            ("-0", -0.0),
            ("1.0", 1.0),
            ("1e2", 100.0),
            ("0.1", 0.1),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("-9223372036854775809", -9_223_372_036_854_775_809.0),
            ("1e999", f64::INFINITY),
        ] {
            check(json, &[&[0xcb][..], &f64::to_be_bytes(value)].concat());
        }
    }

    #[test]
    fn words_strings_and_binary() {
        check("null", &[0xc0]);
        check("true", &[0xc3]);
        check("false", &[0xc2]);
        check("[]", &[0x90]);
        check("{ }", &[0x80]);
        check(r#""""#, &[0xa0]);
        check(r#""é\u20ac\n""#, b"\xa6\xc3\xa9\xe2\x82\xac\n");
        check(r#""\ud83d\ude00\ud83d""#, b"\xa7\xf0\x9f\x98\x80\xef\xbf\xbd");
        for (length, header) in [
            (31, &[0xbf][..]),
            (32, &[0xd9, 32]),
            (255, &[0xd9, 255]),
            (256, &[0xda, 1, 0]),
            (65_536, &[0xdb, 0, 1, 0, 0]),
        ] {
            let text = "x".repeat(length);
            check(&format!("\"{text}\""), &[header, text.as_bytes()].concat());
            check(&format!("\"{}\"", r"\u0078".repeat(length)), &[header, text.as_bytes()].concat());
        }
        for (length, header) in
            [(0, &[0xc4, 0][..]), (255, &[0xc4, 255]), (256, &[0xc5, 1, 0]), (65_536, &[0xc6, 0, 1, 0, 0])]
        {
            let bytes = Bytes::from(vec![7; length]);
            let json = r#"[{"_placeholder":true,"num":0},{}]"#;
            let expected = [&[0x92], header, &bytes, &[0x80]].concat();
            assert_eq!(written(json, &[bytes]), expected);
        }
    }

    #[test]
    fn a_placeholder_without_attachments_is_an_object() {
        let json = r#"{"_placeholder":true,"num":0}"#;
        assert_eq!(written(json, &[]), b"\x82\xac_placeholder\xc3\xa3num\x00");
    }

    #[test]
    fn long_arrays_have_long_headers_at_any_place() {
        let ones = |count: usize| vec!["1"; count].join(",");
        let packed = |header: &[u8], count: usize| [header, &vec![1; count]].concat();
        check(&format!("[{}]", ones(15)), &packed(&[0x9f], 15));
        check(&format!("[{}]", ones(16)), &packed(&[0xdc, 0, 16], 16));
        check(&format!("[{}]", ones(65_535)), &packed(&[0xdc, 255, 255], 65_535));
        check(&format!("[{}]", ones(65_536)), &packed(&[0xdd, 0, 1, 0, 0], 65_536));
        let members: Vec<_> = (0..16).map(|n| format!(r#""{n:x}":[{}]"#, ones(n + 8))).collect();
        let mut expected = vec![0xde, 0, 16];
        for n in 0..16_usize {
            expected.extend([0xa1, format!("{n:x}").as_bytes()[0]]);
            let header = if n < 8 { vec![0x90 | (n as u8 + 8)] } else { vec![0xdc, 0, n as u8 + 8] };
            expected.extend(packed(&header, n + 8));
        }
        check(&format!("{{{}}}", members.join(",")), &expected);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| format!("{}1{}", r#"[{"":"#.repeat(depth / 2), "}]".repeat(depth / 2));
        assert_eq!(written(&deep(crate::cluster::MAX_DEPTH), &[]).len(), 1024 + 512 + 1);
        let mut output = MsgPack::new(Vec::new());
        let deeper = format!("[{}]", deep(crate::cluster::MAX_DEPTH));
        assert_eq!(output.raw(&deeper, &mut Parts::none()), Err(TooDeep));
    }

    proptest::proptest! {
        #[test]
        fn invalid_json_does_not_panic(text in r#"[\[\]{}:,"\\u0-9a-f truelsn.e+-]{0,40}|.{0,40}"#) {
            let mut output = MsgPack::new(Vec::new());
            let _ = output.raw(&text, &mut Parts::List([Bytes::new()].iter()));
        }
    }
}

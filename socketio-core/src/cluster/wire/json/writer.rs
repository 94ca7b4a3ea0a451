use std::io::Write;

use crate::cluster::wire::MAX_DEPTH;
use crate::cluster::wire::levels::TooDeep;
use crate::cluster::wire::output::{Open, Output, Parts};
use crate::encoded::write_string;
use crate::packet::Cursor;

/// A message as JSON. Attachments cannot be written.
#[derive(Debug)]
pub(in crate::cluster::wire) struct Json(Vec<u8>);

impl Json {
    /// Begins a member or an element.
    fn separate(&mut self, open: &mut Open) {
        if open.count > 0 {
            self.0.push(b',');
        }
        open.count += 1;
    }
}

impl Output for Json {
    fn new(buffer: Vec<u8>) -> Self {
        Self(buffer)
    }

    fn into_buffer(self) -> Vec<u8> {
        self.0
    }

    fn open_map(&mut self) -> Open {
        self.0.push(b'{');
        Open { at: self.0.len(), count: 0 }
    }

    fn key(&mut self, map: &mut Open, key: &'static str) -> &mut Self {
        self.separate(map);
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    fn close_map(&mut self, _: Open) {
        self.0.push(b'}');
    }

    fn open_list(&mut self, _: usize) -> Open {
        self.0.push(b'[');
        Open { at: self.0.len(), count: 0 }
    }

    fn element(&mut self, list: &mut Open) -> &mut Self {
        self.separate(list);
        self
    }

    fn close_list(&mut self, _: Open) {
        self.0.push(b']');
    }

    fn text(&mut self, text: &str) {
        write_string(&mut self.0, text);
    }

    fn number(&mut self, number: u64) {
        let written = write!(self.0, "{number}");
        debug_assert!(written.is_ok(), "memory does not fail");
    }

    fn boolean(&mut self, boolean: bool) {
        self.0.extend_from_slice(if boolean { b"true" } else { b"false" });
    }

    fn null(&mut self) {
        self.0.extend_from_slice(b"null");
    }

    fn raw(&mut self, json: &str, attachments: &mut Parts<'_>) -> Result<(), TooDeep> {
        debug_assert!(attachments.is_empty(), "a message with attachments is not written as JSON");
        check_depth(json)?;
        self.0.extend_from_slice(json.as_bytes());
        Ok(())
    }
}

/// Checks the depth of a valid JSON text.
///
/// # Errors
///
/// Returns an error if it is nested deeper than [`MAX_DEPTH`].
pub(in crate::cluster::wire) fn check_depth(json: &str) -> Result<(), TooDeep> {
    // Both ends of an array or object are in the text, and few texts have as many of them as levels are allowed.
    let mut brackets = memchr::memchr2_iter(b'[', b'{', json.as_bytes());
    if json.len() < 2 * MAX_DEPTH || brackets.nth(MAX_DEPTH).is_none() {
        return Ok(());
    }
    let (mut cursor, mut depth) = (Cursor::new(json), 0_usize);
    while let Some(byte) = cursor.peek() {
        match byte {
            b'"' if cursor.take_string().is_some() => continue,
            b'[' | b'{' if depth == MAX_DEPTH => return Err(TooDeep),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        cursor.skip_byte();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_the_brackets_outside_of_strings() {
        let deep = |depth: usize| format!(r#"{}"[[{{"{}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check_depth(&deep(MAX_DEPTH)), Ok(()));
        assert_eq!(check_depth(&deep(MAX_DEPTH + 1)), Err(TooDeep));
        let maps = format!(r#"{}1{}"#, r#"{"a":[0,"#.repeat(MAX_DEPTH / 2), "]}".repeat(MAX_DEPTH / 2));
        assert_eq!(check_depth(&maps), Ok(()));
        assert_eq!(check_depth(&format!("[{maps}]")), Err(TooDeep));
        let wide = format!("[{}[]]", "[],{},".repeat(10_000));
        assert_eq!(check_depth(&wide), Ok(()));
        let text = format!(r#"["{}"]"#, "[".repeat(10_000));
        assert_eq!(check_depth(&text), Ok(()));
    }

    #[test]
    fn maps_and_lists_have_commas() {
        let mut json = Json::new(Vec::new());
        let mut map = json.open_map();
        json.key(&mut map, "a").text("x\"");
        json.key(&mut map, "b").names(2, ["é", ""].into_iter());
        json.key(&mut map, "c").names(0, [""; 0].into_iter());
        json.key(&mut map, "d").number(u64::MAX);
        json.key(&mut map, "e").boolean(false);
        json.key(&mut map, "f").raw("[ 1 ]", &mut Parts::none()).unwrap();
        json.close_map(map);
        let expected = r#"{"a":"x\"","b":["é",""],"c":[],"d":18446744073709551615,"e":false,"f":[ 1 ]}"#;
        assert_eq!(std::str::from_utf8(&json.into_buffer()), Ok(expected));
    }
}

use std::borrow::Cow;

use percent_encoding::percent_decode;

#[cfg(feature = "client")]
use crate::{Revision, Sid, Transport};

/// Returns the value of a query parameter, decoded like `URLSearchParams` on the Node server: `+` is a space, `%70`
/// is `p`, and invalid UTF-8 becomes U+FFFD. A parameter without `=` is empty. The last of several parameters with
/// the same name takes precedence.
///
/// Does not allocate if there is nothing to decode.
///
/// ```
/// use socketio_core::engine::parameter;
///
/// let query = "EIO=4&name=ada%20lovelace&debug";
/// assert_eq!(parameter(query, "name").as_deref(), Some("ada lovelace"));
/// assert_eq!(parameter(query, "debug").as_deref(), Some(""));
/// assert_eq!(parameter(query, "sid"), None);
/// ```
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    pairs(query).filter(|(key, _)| decode(key) == name).last().map(|(_, value)| decode(value))
}

/// Returns the query of a request of a client; without a `sid`, of the request that opens a session.
#[cfg(feature = "client")]
pub(crate) fn request_query(revision: Revision, transport: Transport, sid: Option<&Sid>) -> String {
    let (revision, transport) = (revision.parameter(), transport.name());
    match sid {
        Some(sid) => format!("EIO={revision}&transport={transport}&sid={}", sid.expose()),
        None => format!("EIO={revision}&transport={transport}"),
    }
}

/// Returns the undecoded names and values.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Decodes a name or a value.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value is that of `new URLSearchParams(query).get("a")` in Node.
    #[test]
    fn values_are_decoded_as_node_decodes_them() {
        for (query, expected) in [
            ("a=b", Some("b")),
            ("a=ada%20lovelace", Some("ada lovelace")),
            ("a=ada+lovelace%2B1", Some("ada lovelace+1")),
            ("a=d%C3%A9", Some("dé")),
            ("a=%C3", Some("\u{fffd}")),
            ("a=100%", Some("100%")),
            ("a=%zz%4", Some("%zz%4")),
            ("%61=b", Some("b")),
            ("a", Some("")),
            ("a=", Some("")),
            ("&&a=b=c&", Some("b=c")),
            ("a=b%26a=c", Some("b&a=c")),
            ("", None),
            ("b=a", None),
            ("A=b", None),
        ] {
            assert_eq!(parameter(query, "a").as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn the_last_counts() {
        assert_eq!(parameter("a=1&a=2", "a").as_deref(), Some("2"));
    }

    #[test]
    fn what_is_plain_is_borrowed() {
        assert!(matches!(parameter("name=ada%20lovelace&a=plain", "a"), Some(Cow::Borrowed("plain"))));
    }
}

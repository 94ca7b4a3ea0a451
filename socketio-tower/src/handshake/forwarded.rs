use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// The headers in which trusted proxies forward the client's address and scheme.
///
/// Choose the one that your proxies write. The other is ignored: a client can send it, and proxies do not remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, which most proxies write.
    XForwarded,
    /// `Forwarded`, with `for=` and `proto=` (RFC 7239).
    Forwarded,
}

/// The address and scheme that the outermost trusted proxy reports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded {
    /// `None` without the header; `Some(None)` if the proxy hides the address.
    pub(super) address: Option<Option<IpAddr>>,
    pub(super) secure: Option<bool>,
}

impl Forwarded {
    /// Reads the header. Each proxy appends the address of its peer on the right, so the outermost proxy wrote the
    /// `count`th entry from the right, and the client sent everything to its left. If there are fewer entries, the
    /// request has passed fewer proxies.
    pub(super) fn read(headers: &HeaderMap, count: usize, header: ForwardedHeader) -> Self {
        match header {
            ForwardedHeader::XForwarded => {
                let address = entry(headers, &X_FORWARDED_FOR, count).map(|entry| node(text(entry)?));
                let scheme = entry(headers, &X_FORWARDED_PROTO, count);
                Self { address, secure: scheme.map(|scheme| text(scheme).is_some_and(is_encrypted)) }
            }
            ForwardedHeader::Forwarded => {
                let Some(entry) = entry(headers, &header::FORWARDED, count) else { return Self::default() };
                let address = parameter(entry, "for").and_then(node);
                Self { address: Some(address), secure: parameter(entry, "proto").map(is_encrypted) }
            }
        }
    }
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Returns the `count`th entry from the right of a list header, or its first entry if there are fewer. Several header
/// lines are one list, and empty entries do not count (RFC 9110 §5.6.1).
fn entry<'a>(headers: &'a HeaderMap, name: &HeaderName, count: usize) -> Option<&'a [u8]> {
    let lines = headers.get_all(name).iter().rev().map(HeaderValue::as_bytes);
    let entries = lines.flat_map(|line| FromRight { rest: Some(line), separator: b',' });
    entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty()).take(count).last()
}

/// Returns a parameter of a `Forwarded` entry, without quotes.
fn parameter<'a>(entry: &'a [u8], name: &str) -> Option<&'a str> {
    let parameters = FromRight { rest: Some(entry), separator: b';' };
    let mut pairs = parameters.filter_map(|pair| text(pair)?.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(unquoted(value.trim()))
}

/// Parses the address of a `node` (RFC 7239 §6), with or without a port. Returns `None` for `unknown` and names.
fn node(node: &str) -> Option<IpAddr> {
    let node = unquoted(node);
    if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        return (port.is_empty() || port.starts_with(':'))
            .then(|| address.parse::<Ipv6Addr>().ok())?
            .map(Into::into);
    }
    let without_port = || Some(node.split_once(':')?.0.parse::<Ipv4Addr>().ok()?.into());
    node.parse().ok().or_else(without_port)
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(str::trim)
}

/// An iterator over the items of a list from right to left. Separators inside quotes do not count.
///
/// Quotes are also paired from the right: otherwise a quote that the client opened and did not close would hide the
/// entries of the proxies.
struct FromRight<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for FromRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut quoted = false;
        for (at, &byte) in rest.iter().enumerate().rev() {
            if byte == b'"' && !is_escaped(&rest[..at]) {
                quoted = !quoted;
            } else if byte == self.separator && !quoted {
                self.rest = Some(&rest[..at]);
                return Some(&rest[at + 1..]);
            }
        }
        self.rest = None;
        Some(rest)
    }
}

fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

fn is_encrypted(scheme: &str) -> bool {
    ["https", "wss"].iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: ForwardedHeader, count: usize, lines: &[(HeaderName, &str)]) -> Forwarded {
        let lines = lines.iter().map(|(name, value)| {
            (name.clone(), HeaderValue::from_bytes(value.as_bytes()).expect("a header"))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        Forwarded::read(&headers, count, header)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// Returns the address of the `count`th hop of `X-Forwarded-For`.
    fn x(count: usize, lines: &[&str]) -> Option<Option<IpAddr>> {
        let lines: Vec<_> = lines.iter().map(|line| (X_FORWARDED_FOR, *line)).collect();
        read(ForwardedHeader::XForwarded, count, &lines).address
    }

    fn forwarded(count: usize, lines: &[&str]) -> Forwarded {
        let lines: Vec<_> = lines.iter().map(|line| (header::FORWARDED, *line)).collect();
        read(ForwardedHeader::Forwarded, count, &lines)
    }

    #[test]
    fn hops_count_from_the_right() {
        let line = "203.0.113.9, 198.51.100.2, 10.0.0.1";
        assert_eq!(x(1, &[line]), Some(Some(ip("10.0.0.1"))));
        assert_eq!(x(2, &[line]), Some(Some(ip("198.51.100.2"))));
        assert_eq!(x(3, &[line]), Some(Some(ip("203.0.113.9"))));
        // The request has passed fewer proxies than configured.
        assert_eq!(x(7, &[line]), Some(Some(ip("203.0.113.9"))));
        assert_eq!(x(0, &[line]), None);
        assert_eq!(x(1, &[]), None);
        assert_eq!(x(1, &["", " , "]), None);
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = ["203.0.113.9", "198.51.100.2, 10.0.0.2,", "10.0.0.1"];
        assert_eq!(x(1, &lines), Some(Some(ip("10.0.0.1"))));
        assert_eq!(x(2, &lines), Some(Some(ip("10.0.0.2"))));
        assert_eq!(x(3, &lines), Some(Some(ip("198.51.100.2"))));
        assert_eq!(
            forwarded(2, &["for=1.1.1.1", "for=2.2.2.2", "for=3.3.3.3"]).address,
            Some(Some(ip("2.2.2.2")))
        );
    }

    /// Entries sent by the client are to the left of those of the proxies.
    #[test]
    fn entries_of_the_client_are_ignored() {
        for spoofed in
            ["127.0.0.1", "unknown", "\"", "a=\"b, c", "[", ",,,", "é", "for=\"127.0.0.1", "\\", "\"\\"]
        {
            assert_eq!(x(1, &[&format!("{spoofed}, 192.0.2.1")]), Some(Some(ip("192.0.2.1"))), "{spoofed}");
            let line = format!("{spoofed}, for=192.0.2.1;proto=https");
            let expected = Forwarded { address: Some(Some(ip("192.0.2.1"))), secure: Some(true) };
            assert_eq!(forwarded(1, &[&line]), expected, "{spoofed}");
            assert_eq!(forwarded(1, &[spoofed, "for=192.0.2.1;proto=https"]), expected, "{spoofed}");
            let line =
                format!(r#"{spoofed}, for=192.0.2.1;host="a,b\";c";proto=https, for=10.0.0.1;proto=http"#);
            assert_eq!(forwarded(2, &[&line]), expected, "{spoofed}");
        }
    }

    /// The client may send the header that the proxies do not write.
    #[test]
    fn only_one_header_is_read() {
        let lines = [(header::FORWARDED, "for=1.1.1.1;proto=https"), (X_FORWARDED_FOR, "2.2.2.2")];
        assert_eq!(
            read(ForwardedHeader::XForwarded, 1, &lines),
            Forwarded { address: Some(Some(ip("2.2.2.2"))), secure: None }
        );
        let lines = [(header::FORWARDED, "for=1.1.1.1"), (X_FORWARDED_PROTO, "https")];
        assert_eq!(
            read(ForwardedHeader::Forwarded, 1, &lines),
            Forwarded { address: Some(Some(ip("1.1.1.1"))), secure: None }
        );
    }

    #[test]
    fn forms_of_an_address() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1:8080\t", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("192.0.2.1:_port", "192.0.2.1"),
        ] {
            assert_eq!(x(1, &[text]), Some(Some(ip(expected))), "{text}");
            assert_eq!(
                forwarded(1, &[&format!("by=x; For =  {text}")]).address,
                Some(Some(ip(expected))),
                "{text}"
            );
        }
    }

    /// The previous entry is not used instead.
    #[test]
    fn hidden_addresses_yield_none() {
        for hidden in [
            "unknown",
            "_gateway",
            "UNKNOWN:80",
            "",
            "\"\"",
            "256.0.0.1",
            "[192.0.2.1]",
            "[::1",
            "[::1]x",
            "é",
        ] {
            if !hidden.is_empty() {
                assert_eq!(x(1, &[&format!("192.0.2.1, {hidden}")]), Some(None), "{hidden}");
            }
            let line = format!("for=192.0.2.1, for={hidden};proto=http");
            assert_eq!(
                forwarded(1, &[&line]),
                Forwarded { address: Some(None), secure: Some(false) },
                "{hidden}"
            );
        }
        assert_eq!(forwarded(1, &["proto=https"]), Forwarded { address: Some(None), secure: Some(true) });
    }

    #[test]
    fn schemes() {
        for (lines, count, expected) in [
            (&["https"][..], 1, Some(true)),
            (&["HTTPS"], 2, Some(true)),
            (&["http"], 1, Some(false)),
            (&["https, http"], 1, Some(false)),
            (&["https, http"], 2, Some(true)),
            (&["https", "http"], 1, Some(false)),
            (&["http,wss"], 1, Some(true)),
            (&["https;"], 1, Some(false)),
            (&[], 1, None),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| (X_FORWARDED_PROTO, *line)).collect();
            assert_eq!(read(ForwardedHeader::XForwarded, count, &lines).secure, expected, "{lines:?}");
        }
    }
}

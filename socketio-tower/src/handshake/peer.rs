use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use http::uri::Scheme;

/// Who stands at the other end of a session's first request, as far as one can know.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peer {
    pub(super) address: Option<IpAddr>,
    pub(super) secure: bool,
}

/// How that is found out.
#[derive(Clone, Default)]
pub(crate) struct PeerSettings {
    pub(crate) address: Option<Arc<Find<Option<IpAddr>>>>,
    pub(crate) secure: Option<Arc<Find<bool>>>,
    /// How many proxies of our own the request has passed.
    pub(crate) proxies: usize,
}

/// Finds something out about a request.
type Find<T> = dyn Fn(&Parts) -> T + Send + Sync;

impl Peer {
    pub(super) fn of(parts: &Parts, settings: &PeerSettings) -> Self {
        let forwarded = |name| nth_from_right(&parts.headers, name, settings.proxies);
        let direct = || settings.address.as_ref().and_then(|address| address(parts));
        let address = forwarded("x-forwarded-for").and_then(parse_address).or_else(direct);
        let direct = || settings.secure.as_ref().is_some_and(|secure| secure(parts));
        let by_uri = parts.uri.scheme() == Some(&Scheme::HTTPS);
        let secure = match forwarded("x-forwarded-proto") {
            Some(scheme) => ["https", "wss"].iter().any(|name| scheme.eq_ignore_ascii_case(name)),
            None => by_uri || direct(),
        };
        Self { address, secure }
    }
}

/// The entry that the outermost of our proxies added: each adds one at the right, and what stands further left was sent
/// by the client, who may have made it up. With fewer entries than proxies all are theirs, and the first is the one.
fn nth_from_right<'a>(headers: &'a HeaderMap, name: &str, proxies: usize) -> Option<&'a str> {
    if proxies == 0 {
        return None;
    }
    let mut entries = headers.get_all(name).iter().rev().flat_map(|value| {
        let line = value.to_str().unwrap_or_default();
        line.rsplit(',').map(str::trim).filter(|entry| !entry.is_empty())
    });
    let mut entry = entries.next();
    for _ in 1..proxies {
        match entries.next() {
            Some(next) => entry = Some(next),
            None => break,
        }
    }
    entry
}

/// `192.0.2.1`, `2001:db8::1`, and with a port, as some proxies write it: `192.0.2.1:80`, `[2001:db8::1]:80`.
fn parse_address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    let without_port = || match entry.split_once(':') {
        Some((address, port)) if !port.contains(':') => address,
        _ => entry,
    };
    bare.unwrap_or_else(without_port).parse().ok()
}

impl fmt::Debug for PeerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerSettings").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(proxies: usize, forwarded: &[&str]) -> Option<String> {
        let mut request = http::Request::builder();
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let direct: IpAddr = [203, 0, 113, 9].into();
        let settings = PeerSettings { address: Some(Arc::new(move |_| Some(direct))), secure: None, proxies };
        Peer::of(&parts, &settings).address.map(|address| address.to_string())
    }

    #[test]
    fn what_the_client_made_up_is_not_believed() {
        let direct = Some("203.0.113.9".to_owned());
        assert_eq!(seen(0, &["192.0.2.1"]), direct);
        assert_eq!(seen(1, &[]), direct);
        assert_eq!(seen(1, &["6.6.6.6, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        // Two lines are one list.
        assert_eq!(seen(1, &["6.6.6.6", "192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(seen(2, &["6.6.6.6, 192.0.2.1, 198.51.100.7"]).as_deref(), Some("192.0.2.1"));
        // Fewer than our proxies: the first of them did not see the others.
        assert_eq!(seen(3, &["192.0.2.1, 198.51.100.7"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(seen(1, &["unknown"]), direct);
        assert_eq!(seen(1, &[",, "]), direct);
    }

    #[test]
    fn addresses_come_in_many_forms() {
        for (entry, address) in [
            ("192.0.2.1:80", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("_hidden", None),
            ("[", None),
            (":", None),
            ("", None),
        ] {
            assert_eq!(
                parse_address(entry),
                address.map(|address| address.parse().expect("an address")),
                "{entry}"
            );
        }
    }
}

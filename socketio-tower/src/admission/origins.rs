use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Uri, header};

use crate::panics::contained;

/// The web pages that may open sessions, identified by the `Origin` header that browsers send.
///
/// CORS does not replace this check: it prevents a page from reading responses, but does not apply to a WebSocket.
/// Without the check, any page that your users visit can open a WebSocket to your server with their cookies.
///
/// Requests without an `Origin` are allowed: they do not come from a browser, and their sender could forge the header.
///
/// ```
/// use socketio_tower::SocketIo;
/// use socketio_tower::layer::Origins;
///
/// let io = SocketIo::builder().origins(Origins::only(["https://example.com", "http://localhost:5173"])).build();
/// let io = SocketIo::builder().origins(Origins::matching(|origin| origin.ends_with(".example.com"))).build();
/// ```
#[derive(Clone)]
pub struct Origins(Rule);

#[derive(Clone)]
enum Rule {
    Only { allowed: Arc<HashSet<Box<str>>>, invalid: Vec<Box<str>> },
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Origins {
    /// Allows these origins, each a scheme, a host and, unless it is the scheme's default, a port:
    /// `https://example.com`. Browsers send `null` for pages without an origin, such as local files.
    ///
    /// Invalid origins are reported by [`SocketIo::layer`](crate::SocketIo::layer).
    pub fn only<O: AsRef<str>>(origins: impl IntoIterator<Item = O>) -> Self {
        let (mut allowed, mut invalid) = (HashSet::new(), Vec::new());
        for origin in origins {
            match normalized(origin.as_ref()) {
                Some(origin) => drop(allowed.insert(origin)),
                None => invalid.push(origin.as_ref().into()),
            }
        }
        Self(Rule::Only { allowed: Arc::new(allowed), invalid })
    }

    /// Allows origins for which `matches` returns `true`. It receives them in lower case, without the scheme's default
    /// port.
    pub fn matching(matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Rule::Matching(Arc::new(matches)))
    }

    /// Returns the entries that are not origins.
    pub(crate) fn invalid(&self) -> &[Box<str>] {
        match &self.0 {
            Rule::Only { invalid, .. } => invalid,
            Rule::Matching(_) => &[],
        }
    }

    /// Returns `true` if a request with these headers is allowed.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let origin = origin.to_str().ok().and_then(normalized);
        origins.next().is_none()
            && origin.is_some_and(|origin| match &self.0 {
                Rule::Only { allowed, .. } => allowed.contains(&origin),
                Rule::Matching(matches) => contained(|| matches(&origin)).unwrap_or(false),
            })
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Only { allowed, .. } => f.debug_tuple("Only").field(allowed).finish(),
            Rule::Matching(_) => f.write_str("Matching"),
        }
    }
}

/// Returns the normal form of an origin, in which equal origins are equal texts (RFC 6454 §6.2).
fn normalized(origin: &str) -> Option<Box<str>> {
    if origin == "null" {
        return Some(origin.into());
    }
    // A trailing slash is a path, which an origin does not have.
    let uri: Uri = if origin.ends_with('/') { None } else { origin.parse().ok() }?;
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let default_port = match &*scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => 0,
    };
    Some(match authority.port_u16() {
        Some(port) if port != default_port => format!("{scheme}://{host}:{port}").into(),
        _ => format!("{scheme}://{host}").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &Origins, headers: &[&str]) -> bool {
        let mut map = HeaderMap::new();
        for origin in headers {
            map.append(header::ORIGIN, origin.parse().expect("a value"));
        }
        origins.allow(&map)
    }

    #[test]
    fn origins_are_compared_in_their_normal_form() {
        let origins = Origins::only(["https://Example.com:443", "http://localhost:5173", "null"]);
        assert!(origins.invalid().is_empty());
        for origin in ["https://example.com", "HTTPS://EXAMPLE.COM", "http://localhost:5173", "null"] {
            assert!(allowed(&origins, &[origin]), "{origin}");
        }
        for origin in [
            "http://example.com",
            "https://example.com:444",
            "https://example.com.evil.org",
            "https://evil.org/https://example.com",
            "https://example.com@evil.org",
            "http://localhost",
            "",
            "https://",
            "example.com",
        ] {
            assert!(!allowed(&origins, &[origin]), "{origin}");
        }
        assert!(allowed(&origins, &[]));
        assert!(!allowed(&origins, &["https://example.com", "https://evil.org"]));
    }

    #[test]
    fn invalid_origins_are_reported() {
        let origins = Origins::only(["https://example.com/", "example.com", "*", "https://example.com"]);
        assert_eq!(origins.invalid(), ["https://example.com/".into(), "example.com".into(), "*".into()]);
    }
}

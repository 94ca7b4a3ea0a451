use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Uri, header};

use crate::panics::contained;

/// Which web pages may open sessions, by the `Origin` header that browsers add to their requests.
///
/// CORS does not do this: it keeps a page from reading answers, and a WebSocket is no answer. Without a list, any page
/// that your users visit can open a WebSocket to your server, with their cookies.
///
/// Requests without an `Origin` pass: they come from no browser, and their sender could write any.
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
    Only { known: Arc<HashSet<Box<str>>>, wrong: Vec<Box<str>> },
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Origins {
    /// These, each as scheme, host and, if it is not the scheme's own, port: `https://example.com`. `null` is what
    /// browsers send for pages without an origin, such as files.
    ///
    /// What is none is told when the layer is made.
    pub fn only<O: AsRef<str>>(origins: impl IntoIterator<Item = O>) -> Self {
        let (mut known, mut wrong) = (HashSet::new(), Vec::new());
        for origin in origins {
            match normal(origin.as_ref()) {
                Some(origin) => drop(known.insert(origin)),
                None => wrong.push(origin.as_ref().into()),
            }
        }
        Self(Rule::Only { known: Arc::new(known), wrong })
    }

    /// Those of which a function says so. It gets them in lower case and without the port that is the scheme's own.
    pub fn matching(matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Rule::Matching(Arc::new(matches)))
    }

    /// What was given as an origin and is none.
    pub(crate) fn wrong(&self) -> &[Box<str>] {
        match &self.0 {
            Rule::Only { wrong, .. } => wrong,
            Rule::Matching(_) => &[],
        }
    }

    /// Whether a request with these headers may go on.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let origin = origin.to_str().ok().and_then(normal);
        origins.next().is_none()
            && origin.is_some_and(|origin| match &self.0 {
                Rule::Only { known, .. } => known.contains(&origin),
                Rule::Matching(matches) => contained(|| matches(&origin)).unwrap_or(false),
            })
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Only { known, .. } => f.debug_tuple("Only").field(known).finish(),
            Rule::Matching(_) => f.write_str("Matching"),
        }
    }
}

/// An origin in the form in which two that are the same are equal (RFC 6454 §6.2).
fn normal(origin: &str) -> Option<Box<str>> {
    if origin == "null" {
        return Some(origin.into());
    }
    // A trailing slash would be a path; an origin has none.
    let uri: Uri = if origin.ends_with('/') { None } else { origin.parse().ok() }?;
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let own = match &*scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => 0,
    };
    Some(match authority.port_u16() {
        Some(port) if port != own => format!("{scheme}://{host}:{port}").into(),
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
        assert!(origins.wrong().is_empty());
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
    fn what_is_no_origin_is_told() {
        let origins = Origins::only(["https://example.com/", "example.com", "*", "https://example.com"]);
        assert_eq!(origins.wrong(), ["https://example.com/".into(), "example.com".into(), "*".into()]);
    }
}

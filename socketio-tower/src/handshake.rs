use std::time::SystemTime;

use http::request::Parts;
use http::{Extensions, HeaderMap, Uri};

use crate::config::Settings;

/// The request that opened a client's session.
///
/// It stays as it was: a cookie that is set or a login that happens later does not show here.
#[derive(Debug, Clone)]
pub struct Handshake {
    path_and_query: Box<str>,
    path_length: usize,
    headers: HeaderMap,
    extensions: Extensions,
    time: SystemTime,
}

impl Handshake {
    /// Keeps of a request what is asked for. Everything is copied: a slice of the request would keep the
    /// whole read buffer of its connection alive, as long as the session.
    pub(crate) fn new(parts: &Parts, settings: &Settings) -> Self {
        let mut headers = HeaderMap::new();
        for name in &settings.kept_headers {
            for value in parts.headers.get_all(name) {
                if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                    headers.append(name, value);
                }
            }
        }
        let mut extensions = Extensions::new();
        for keep in &settings.kept_extensions {
            keep(&parts.extensions, &mut extensions);
        }
        Self {
            path_and_query: path_and_query(&parts.uri).into(),
            path_length: parts.uri.path().len(),
            headers,
            extensions,
            time: SystemTime::now(),
        }
    }

    /// The path of the request, as the layer saw it.
    pub fn path(&self) -> &str {
        &self.path_and_query[..self.path_length]
    }

    /// The query, without its question mark; empty if there was none.
    pub fn query(&self) -> &str {
        self.path_and_query[self.path_length..].strip_prefix('?').unwrap_or_default()
    }

    /// The value of a parameter of the query, not decoded.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query().split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The headers chosen with [`SocketIoBuilder::keep_headers`](crate::SocketIoBuilder::keep_headers).
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What outer layers attached to the request, such as `ConnectInfo` or an authenticated user, as far as
    /// it was chosen with [`SocketIoBuilder::keep_extension`](crate::SocketIoBuilder::keep_extension).
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// When the request came.
    pub fn time(&self) -> SystemTime {
        self.time
    }
}

fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |whole| whole.as_str())
}

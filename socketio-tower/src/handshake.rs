mod peer;
pub(crate) use peer::PeerSettings;

mod settings;
pub(crate) use settings::HandshakeSettings;

mod forwarded;
pub use forwarded::ForwardedHeader;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::SystemTime;

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Extensions, HeaderMap};
use socketio_core::engine::{RequestError, parameter};

/// The request that opened a client's session.
///
/// It stays as it was: a cookie that is set or a login that happens later does not show here.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The path, the query and the origin, one after the other.
    text: Box<str>,
    path_end: u32,
    query_end: u32,
    /// Most servers keep none.
    headers: Option<Box<HeaderMap>>,
    extensions: Extensions,
    time: SystemTime,
    address: Option<IpAddr>,
    secure: bool,
    has_origin: bool,
}

impl Handshake {
    /// Keeps of a request what is asked for. Everything is copied: a slice of the request would keep the
    /// whole read buffer of its connection alive, as long as the session.
    ///
    /// # Errors
    ///
    /// It is more than a session may keep.
    pub(crate) fn new(parts: &Parts, settings: &HandshakeSettings) -> Result<Self, RequestError> {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let origin = origin.filter(|origin| origin.len() <= MAX_ORIGIN);
        let room = settings.max_bytes.checked_sub(path.len() + query.len());
        let room = room.ok_or(RequestError::UriTooLong)?;
        let headers = kept_headers(parts, settings, room)?;
        let mut extensions = Extensions::new();
        for keep in &settings.extensions {
            keep(&parts.extensions, &mut extensions);
        }
        let (address, secure) = settings.peer.of(parts);
        Ok(Self {
            text: [path, query, origin.unwrap_or_default()].concat().into(),
            path_end: position(path.len()),
            query_end: position(path.len() + query.len()),
            headers,
            extensions,
            time: SystemTime::now(),
            address,
            secure,
            has_origin: origin.is_some(),
        })
    }

    /// The path of the request, as the layer saw it.
    pub fn path(&self) -> &str {
        &self.text[..self.path_end as usize]
    }

    /// The query as it was sent, without its question mark; empty if there was none. See [`parameter`](Self::parameter) and
    /// [`Query`](crate::extract::Query) for its values.
    pub fn query(&self) -> &str {
        &self.text[self.path_end as usize..self.query_end as usize]
    }

    /// The value of a parameter of the query, decoded: `ada lovelace` for `name=ada%20lovelace` and `name=ada+lovelace`.
    /// The last of several with the same name counts, as on the Node server; one without `=` is empty.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        parameter(self.query(), name)
    }

    /// The headers chosen with [`SocketIoBuilder::keep_headers`](crate::SocketIoBuilder::keep_headers).
    pub fn headers(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.headers.as_deref().unwrap_or(&NONE)
    }

    /// What outer layers attached to the request, such as `ConnectInfo` or an authenticated user, as far as
    /// it was chosen with [`SocketIoBuilder::keep_extension`](crate::SocketIoBuilder::keep_extension). Handlers ask for
    /// it with [`Extension`](crate::extract::Extension).
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// When the request came.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// Where the request came from: what the [proxies](crate::SocketIoBuilder::trusted_proxies) say, if there are some,
    /// or else the [peer](crate::SocketIoBuilder::address) of the connection. None unless one of the two is set up.
    ///
    /// An IPv4 address is always given as such, not mapped to IPv6.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether the client's connection is encrypted, as far as the [proxies](crate::SocketIoBuilder::trusted_proxies) or the
    /// [server](crate::SocketIoBuilder::secure) tell. False unless one of the two is set up.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The site whose page made the request, such as `https://example.com`, or `null`. Browsers send it with every
    /// WebSocket and with requests to other sites; other clients may send what they like.
    pub fn origin(&self) -> Option<&str> {
        self.has_origin.then(|| &self.text[self.query_end as usize..])
    }
}

/// The headers that are kept, unless their names and values have more than `room` bytes.
fn kept_headers(
    parts: &Parts,
    settings: &HandshakeSettings,
    mut room: usize,
) -> Result<Option<Box<HeaderMap>>, RequestError> {
    if settings.headers.is_empty() {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    for name in &settings.headers {
        for value in parts.headers.get_all(name) {
            let rest = room.checked_sub(name.as_str().len() + value.len());
            room = rest.ok_or(RequestError::HeadersTooLarge)?;
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
    }
    Ok((!headers.is_empty()).then(|| Box::new(headers)))
}

fn position(length: usize) -> u32 {
    u32::try_from(length).expect("a URI has less than 64 KiB")
}

/// A longer `Origin` is none that a browser sends: a host name has 253 bytes at most.
const MAX_ORIGIN: usize = 512;

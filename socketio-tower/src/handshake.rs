mod peer;
pub(crate) use peer::PeerSettings;

mod settings;
pub(crate) use settings::HandshakeSettings;

#[cfg(feature = "cluster")]
mod facts;

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
/// It is a snapshot: cookies or logins that change later are not reflected.
///
/// ```
/// use socketio_tower::{Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_connect(async |socket: Socket| {
///         let handshake = socket.handshake();
///         let language = handshake.parameter("lang").unwrap_or("en".into());
///         println!("{language}, from {:?} at {:?}", handshake.address(), handshake.origin());
///     });
/// });
/// ```
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The path, the query and the origin, one after the other.
    text: Box<str>,
    path_end: u32,
    query_end: u32,
    /// Boxed, since most servers keep no headers.
    headers: Option<Box<HeaderMap>>,
    extensions: Extensions,
    time: SystemTime,
    address: Option<IpAddr>,
    secure: bool,
    has_origin: bool,
}

impl Handshake {
    /// Copies the configured parts of a request. They are not shared: a slice of the request would keep the whole read
    /// buffer of its connection alive as long as the session.
    ///
    /// # Errors
    ///
    /// Returns an error if they are larger than `max_bytes`.
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

    /// Returns the path of the request, as received by the layer.
    pub fn path(&self) -> &str {
        &self.text[..self.path_end as usize]
    }

    /// Returns the undecoded query, without the question mark; empty if there was none. See
    /// [`parameter`](Self::parameter) and [`Query`](crate::extract::Query) for its values.
    pub fn query(&self) -> &str {
        &self.text[self.path_end as usize..self.query_end as usize]
    }

    /// Returns the decoded value of a query parameter: `ada lovelace` for `name=ada%20lovelace` and
    /// `name=ada+lovelace`.
    ///
    /// If a parameter is repeated, the last value is returned, as on the Node server. The value of a parameter without
    /// `=` is empty.
    ///
    /// ```
    /// # fn handler(socket: &socketio_tower::Socket) {
    /// let token = socket.handshake().parameter("token");
    /// # }
    /// ```
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        parameter(self.query(), name)
    }

    /// Returns the headers selected with [`SocketIoBuilder::keep_headers`](crate::SocketIoBuilder::keep_headers). No
    /// header is kept by default.
    pub fn headers(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.headers.as_deref().unwrap_or(&NONE)
    }

    /// Returns the request extensions selected with
    /// [`SocketIoBuilder::keep_extension`](crate::SocketIoBuilder::keep_extension), which outer layers inserted, such
    /// as `ConnectInfo` or an authenticated user. Handlers read them with [`Extension`](crate::extract::Extension).
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns the time at which the request was received.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// Returns the address of the client: the one reported by the [trusted
    /// proxies](crate::SocketIoBuilder::trusted_proxies), or else the [peer
    /// address](crate::SocketIoBuilder::peer_address) of the connection. Returns `None` if neither is configured, or if
    /// the proxies hide the address.
    ///
    /// IPv4 addresses are returned as IPv4, not mapped to IPv6.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns `true` if the client's connection is encrypted, according to the
    /// [trusted proxies](crate::SocketIoBuilder::trusted_proxies) or else
    /// [`SocketIoBuilder::is_secure`](crate::SocketIoBuilder::is_secure). Returns `false` if neither is configured.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the origin of the page that made the request, such as `https://example.com`, or `null`. Browsers send it
    /// with every WebSocket and with cross-site requests; other clients may send any value.
    pub fn origin(&self) -> Option<&str> {
        self.has_origin.then(|| &self.text[self.query_end as usize..])
    }
}

/// Copies the configured headers, unless their names and values exceed `room` bytes.
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
    u32::try_from(length).expect("a URI is shorter than 64 KiB")
}

/// The maximum length of an `Origin` that is kept. Browsers send shorter ones, since a host name has at most 253 bytes.
const MAX_ORIGIN: usize = 512;

use std::time::Duration;

use http::HeaderValue;
use socketio_core::Sid;

/// A cookie for load balancers that route by it. Its value is the id of the session, or a fixed [value](Self::value): the
/// name of the node. The server itself does not read it.
///
/// It is set once, in the response that opens a session by long polling. A session that is opened by WebSocket has one
/// connection, which stays on one node, and gets no cookie.
///
/// ```
/// use socketio_tower::SocketIo;
/// use socketio_tower::layer::SessionCookie;
///
/// let io = SocketIo::builder().cookie(SessionCookie::new("io").secure(true)).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    name: Box<str>,
    /// `None` for the id of the session.
    value: Option<Box<str>>,
    path: Option<Box<str>>,
    http_only: bool,
    same_site: Option<SameSite>,
    secure: bool,
    partitioned: bool,
    max_age: Option<Duration>,
}

/// The policy for sending a cookie with cross-site requests (RFC 6265bis §4.1.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// The cookie is never sent with them.
    Strict,
    /// The cookie is sent if the user follows a link.
    Lax,
    /// The cookie is always sent. Browsers require it to be [secure](SessionCookie::secure).
    None,
}

impl SessionCookie {
    /// Creates a cookie with the session's id, the path `/`, `HttpOnly` and `SameSite=Lax`, like the cookie `io` of the
    /// Node server.
    ///
    /// An invalid name is reported by [`SocketIo::layer`](crate::SocketIo::layer).
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self {
            name: name.into(),
            value: None,
            path: Some("/".into()),
            http_only: true,
            same_site: Some(SameSite::Lax),
            secure: false,
            partitioned: false,
            max_age: None,
        }
    }

    /// Sets a fixed value, for all sessions of this server: the name of the node. Default: the session's id.
    ///
    /// With several nodes, a load balancer can then send each request to the node in the cookie, and to another node if
    /// that one is gone. The chapter "Behind a proxy" of the book has such configurations. Clients can read and change
    /// the value: choose a name that they may know, and let the load balancer accept only the names of its nodes.
    ///
    /// Do not set [`max_age`](Self::max_age), too: the cookie would expire while its session polls.
    ///
    /// The value has at least one character, all of them printable ASCII except space, `"`, `,`, `;` and `\`. An invalid
    /// value is reported by [`SocketIo::layer`](crate::SocketIo::layer) as
    /// [`SetupError::CookieValue`](crate::SetupError::CookieValue).
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::layer::SessionCookie;
    ///
    /// let node = std::env::var("NODE").unwrap_or_else(|_| "node-a".to_owned());
    /// let io = SocketIo::builder().cookie(SessionCookie::new("io_node").value(node)).build();
    /// ```
    pub fn value(mut self, value: impl Into<Box<str>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the path prefix for which the cookie is sent. Default: `/`. With `None`, browsers use the directory of the
    /// request's path.
    pub fn path(mut self, path: Option<&str>) -> Self {
        self.path = path.map(Into::into);
        self
    }

    /// Sets `HttpOnly`, which hides the cookie from scripts. Default: `true`.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets `SameSite`, the policy for cross-site requests. Default: `Lax`. With `None`, the browser decides.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Sets `Secure`, which restricts the cookie to encrypted connections. Default: `false`.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets `Partitioned` (CHIPS), which stores the cookie separately for each top-level site. Default: `false`.
    ///
    /// Browsers that block third-party cookies, as Safari does and Chromium may, store neither `SameSite=Lax` nor
    /// `SameSite=None` cookies if page and server are on different sites. A load balancer that routes by the cookie
    /// then sends each request to another server. Partitioned cookies are stored.
    ///
    /// A partitioned cookie is always `Secure` and `SameSite=None`, as browsers require, regardless of
    /// [`secure`](Self::secure) and [`same_site`](Self::same_site).
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::layer::SessionCookie;
    ///
    /// let io = SocketIo::builder().cookie(SessionCookie::new("io").partitioned(true)).build();
    /// ```
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Sets `Max-Age`, in whole seconds. Default: none, so the cookie is kept until the browser is closed.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Returns `true` if name and path are valid (RFC 6265 §4.1.1).
    pub(crate) fn is_valid(&self) -> bool {
        let is_token = |byte: u8| byte.is_ascii_graphic() && !br#"()<>@,;:\"/[]?={}"#.contains(&byte);
        let is_path = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b';';
        !self.name.is_empty()
            && self.name.bytes().all(is_token)
            && self.path.as_deref().is_none_or(|path| path.bytes().all(is_path))
    }

    /// Returns the fixed value if it is invalid (RFC 6265 §4.1.1, `cookie-octet`). Quotes are invalid, too, because load
    /// balancers differ in removing them.
    pub(crate) fn invalid_value(&self) -> Option<&str> {
        let is_octet = |byte: u8| byte.is_ascii_graphic() && !br#"",;\"#.contains(&byte);
        self.value.as_deref().filter(|value| value.is_empty() || !value.bytes().all(is_octet))
    }

    /// Returns the value of `Set-Cookie`, or `None` if the cookie is invalid.
    pub(crate) fn header(&self, sid: &Sid) -> Option<HeaderValue> {
        let mut cookie = format!("{}={}", self.name, self.value.as_deref().unwrap_or(sid.expose()));
        if let Some(path) = &self.path {
            cookie += "; Path=";
            cookie += path;
        }
        if let Some(age) = self.max_age {
            cookie += &format!("; Max-Age={}", age.as_secs());
        }
        if self.http_only {
            cookie += "; HttpOnly";
        }
        if self.secure || self.partitioned {
            cookie += "; Secure";
        }
        cookie += match self.same_site {
            _ if self.partitioned => "; SameSite=None; Partitioned",
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        };
        HeaderValue::try_from(cookie).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_written_as_by_node() {
        let sid = Sid::from_entropy([0; 15]);
        let header = |cookie: SessionCookie| cookie.header(&sid).expect("a valid cookie");
        assert_eq!(
            header(SessionCookie::new("io")),
            "io=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; SameSite=Lax"
        );
        let cookie =
            SessionCookie::new("x").path(None).http_only(false).secure(true).same_site(SameSite::None);
        let cookie = cookie.max_age(Duration::from_secs(60));
        assert_eq!(header(cookie), "x=AAAAAAAAAAAAAAAAAAAA; Max-Age=60; Secure; SameSite=None");
    }

    #[test]
    fn a_partitioned_one_is_what_browsers_take() {
        let sid = Sid::from_entropy([0; 15]);
        let cookie = SessionCookie::new("io").partitioned(true).secure(false).same_site(SameSite::Lax);
        let header = cookie.header(&sid).expect("a valid cookie");
        let expected = "io=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; Secure; SameSite=None; Partitioned";
        assert_eq!(header, expected);
    }

    #[test]
    fn a_fixed_value_replaces_the_id() {
        let cookie = SessionCookie::new("io_node").value("node-a");
        let header = cookie.header(&Sid::from_entropy([0; 15])).expect("a valid cookie");
        assert_eq!(header, "io_node=node-a; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn attributes_cannot_be_injected() {
        for (name, path) in
            [("", "/"), ("a b", "/"), ("a;b", "/"), ("a=b", "/"), ("io", "/;Domain=evil"), ("io", "/\n")]
        {
            assert!(!SessionCookie::new(name).path(Some(path)).is_valid(), "{name} {path}");
        }
        assert!(SessionCookie::new("__Host-io").is_valid());
        for value in ["", "a b", "a;b", "a,b", "a\\b", "\"a\"", "a\n", "\u{e4}"] {
            assert_eq!(SessionCookie::new("io").value(value).invalid_value(), Some(value));
        }
        for value in ["node-a", "10.0.0.1:3000", "a=b/c!#$%&'()*+<>?@[]^_`{|}~"] {
            assert_eq!(SessionCookie::new("io").value(value).invalid_value(), None);
        }
    }
}

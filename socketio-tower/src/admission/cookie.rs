use std::time::Duration;

use http::HeaderValue;
use socketio_core::Sid;

/// A cookie with the id of the session, for load balancers that route by it. The server itself does not read it.
///
/// It is set once, in the response that opens a session by long polling.
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
    /// Creates a cookie with the path `/`, `HttpOnly` and `SameSite=Lax`, like the cookie `io` of the Node server.
    ///
    /// An invalid name is reported by [`SocketIo::layer`](crate::SocketIo::layer).
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self {
            name: name.into(),
            path: Some("/".into()),
            http_only: true,
            same_site: Some(SameSite::Lax),
            secure: false,
            partitioned: false,
            max_age: None,
        }
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

    /// Returns the value of `Set-Cookie`, or `None` if the cookie is invalid.
    pub(crate) fn header(&self, sid: &Sid) -> Option<HeaderValue> {
        let mut cookie = format!("{}={}", self.name, sid.expose());
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
    fn attributes_cannot_be_injected() {
        for (name, path) in
            [("", "/"), ("a b", "/"), ("a;b", "/"), ("a=b", "/"), ("io", "/;Domain=evil"), ("io", "/\n")]
        {
            assert!(!SessionCookie::new(name).path(Some(path)).is_valid(), "{name} {path}");
        }
        assert!(SessionCookie::new("__Host-io").is_valid());
    }
}

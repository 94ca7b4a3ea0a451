use std::time::Duration;

use http::HeaderValue;
use socketio_core::Sid;

/// A cookie with the id of the session, for load balancers that keep a client on one server by it. Nothing here reads it.
///
/// It is set once, with the answer that opens a session by long polling.
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

/// When browsers send a cookie with requests that other sites cause (RFC 6265bis §4.1.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Never.
    Strict,
    /// When the user follows a link.
    Lax,
    /// Always; browsers want such a cookie to be [secure](SessionCookie::secure).
    None,
}

impl SessionCookie {
    /// A cookie of this name, with the path `/`, `HttpOnly` and `SameSite=Lax`, as the Node server has it by the name of
    /// `io`.
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

    /// For which paths it is sent; without one, for those beside the request's.
    pub fn path(mut self, path: Option<&str>) -> Self {
        self.path = path.map(Into::into);
        self
    }

    /// Whether scripts of the page are kept from reading it. Default true.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// When it is sent with requests that other sites cause; without, the browser decides. Default `Lax`.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Whether it is sent over encrypted connections only. Default false.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether it is kept apart for each site whose pages use the server (`Partitioned`, also called CHIPS). Default false.
    ///
    /// Browsers that block the cookies of other sites, as Chromium may and Safari does, keep neither `SameSite=Lax` nor
    /// `SameSite=None` when page and server are on different sites; behind a balancer that looks at the cookie, the client
    /// then meets another server with each request. They keep one that is partitioned.
    ///
    /// Such a cookie is `Secure` and `SameSite=None`, as browsers demand, whatever [`secure`](Self::secure) and
    /// [`same_site`](Self::same_site) say.
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

    /// How long it is kept, in whole seconds. Default: until the browser is closed.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Whether name and path are what a cookie may have (RFC 6265 §4.1.1).
    pub(crate) fn is_valid(&self) -> bool {
        let is_token = |byte: u8| byte.is_ascii_graphic() && !br#"()<>@,;:\"/[]?={}"#.contains(&byte);
        let is_path = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b';';
        !self.name.is_empty()
            && self.name.bytes().all(is_token)
            && self.path.as_deref().is_none_or(|path| path.bytes().all(is_path))
    }

    /// The value of `Set-Cookie`; none if the cookie is not valid.
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
    fn it_is_written_as_node_writes_it() {
        let sid = Sid::from_entropy([0; 15]);
        let header = |cookie: SessionCookie| cookie.header(&sid).expect("it is valid");
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
        let header = cookie.header(&sid).expect("it is valid");
        let expected = "io=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; Secure; SameSite=None; Partitioned";
        assert_eq!(header, expected);
    }

    #[test]
    fn nothing_can_be_smuggled_into_it() {
        for (name, path) in
            [("", "/"), ("a b", "/"), ("a;b", "/"), ("a=b", "/"), ("io", "/;Domain=evil"), ("io", "/\n")]
        {
            assert!(!SessionCookie::new(name).path(Some(path)).is_valid(), "{name} {path}");
        }
        assert!(SessionCookie::new("__Host-io").is_valid());
    }
}

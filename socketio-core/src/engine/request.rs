use std::borrow::Cow;

mod error;
pub use error::{BadRequest, RequestError};

use super::query;
use crate::{Config, Revision, Sid, Transport};

/// The parts of an HTTP request that determine its kind, as plain text.
///
/// ```
/// use socketio_core::engine::Head;
///
/// let poll = Head::new("GET", "/socket.io/", "EIO=4&transport=polling");
/// let websocket = Head::new("GET", "/socket.io/", "EIO=4&transport=websocket").with_websocket(true);
/// # let _ = (poll, websocket);
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Head<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as sent in the request. The supported revisions do not depend on it.
    pub path: &'a str,
    /// The query without its question mark, or an empty text.
    pub query: &'a str,
    /// The value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The message stream that the request is to be upgraded to. For a WebSocket, the request is a GET with the
    /// header `Upgrade: websocket` over HTTP/1.1, or an extended CONNECT with `:protocol = websocket` over HTTP/2.
    pub stream: Option<Transport>,
}

impl<'a> Head<'a> {
    /// Creates the head of a request that has no `Content-Type` and is not upgraded to a message stream.
    pub const fn new(method: &'a str, path: &'a str, query: &'a str) -> Self {
        Self { method, path, query, content_type: None, stream: None }
    }

    /// Sets the value of `Content-Type`, if any.
    #[must_use]
    pub const fn with_content_type(mut self, content_type: Option<&'a str>) -> Self {
        self.content_type = content_type;
        self
    }

    /// Sets whether the request is to be upgraded to a [WebSocket](Self::stream).
    #[must_use]
    pub const fn with_websocket(mut self, websocket: bool) -> Self {
        self.stream = if websocket { Some(Transport::WebSocket) } else { None };
        self
    }

    /// Returns `true` if the request can serve a transport: a stream if it asks for that stream, polling if it asks
    /// for no stream.
    fn matches(&self, transport: Transport) -> bool {
        self.stream == transport.is_stream().then_some(transport)
    }

    /// Returns `true` if the body is declared as binary.
    fn is_binary(&self) -> bool {
        self.content_type.is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/octet-stream")
        })
    }
}

/// A valid request. Its session may not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// A request that opens a session.
    Open(Open),
    /// A GET that fetches packets.
    Poll(Poll),
    /// A POST that delivers packets.
    Post(Post),
    /// A message stream for a session that is polling.
    Upgrade(Upgrade),
}

/// A request that opens a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// The transport that the session begins with.
    pub transport: Transport,
    /// The revision of the client.
    pub revision: Revision,
    /// Set if the client cannot receive binary messages and requires base64 instead.
    pub base64: bool,
}

/// A GET that fetches packets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Poll {
    /// The session.
    pub sid: Sid,
    /// The revision in the `EIO` parameter, if present.
    pub revision: Option<Revision>,
}

/// A POST that delivers packets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Post {
    /// The session.
    pub sid: Sid,
    /// The revision in the `EIO` parameter, if present.
    pub revision: Option<Revision>,
    /// Set if the body was declared as `application/octet-stream`, which revision 4 does not allow.
    pub binary: bool,
}

/// A message stream for a session that is polling.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upgrade {
    /// The session.
    pub sid: Sid,
    /// The revision in the `EIO` parameter, if present.
    pub revision: Option<Revision>,
    /// The transport to move to.
    pub transport: Transport,
    /// Set if the client cannot receive binary messages and requires base64 instead.
    pub base64: bool,
}

impl Open {
    /// Returns the first GET of the session. If the session begins with long polling, the opening request is also
    /// that GET.
    pub fn first_poll(&self, sid: &Sid) -> Poll {
        Poll { sid: *sid, revision: Some(self.revision) }
    }
}

impl Request {
    /// Parses a request. The checks are in the order of the Node server, so that clients see the same error for the
    /// same mistake.
    ///
    /// ```
    /// use socketio_core::Config;
    /// use socketio_core::engine::{Head, Request, RequestError};
    ///
    /// let config = Config::default();
    /// let head = Head::new("GET", "/socket.io/", "EIO=4&transport=polling");
    /// assert!(matches!(Request::parse(&head, &config), Ok(Request::Open(_))));
    ///
    /// let head = Head::new("GET", "/socket.io/", "EIO=4&transport=carrier-pigeon");
    /// let error = Request::parse(&head, &config).unwrap_err();
    /// assert_eq!((error, error.status()), (RequestError::UnknownTransport, 400));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the request is invalid. The error determines the status and the body of the response.
    pub fn parse(head: &Head<'_>, config: &Config) -> Result<Self, RequestError> {
        let parameters = Parameters::parse(head.query);
        let transport = parameters.transport.and_then(|value| {
            recognize(value, |name| {
                Transport::from_name(name).filter(|transport| config.transports.contains(*transport))
            })
        });
        let transport = transport.ok_or(RequestError::UnknownTransport)?;
        let named = parameters.eio.map(|value| recognize(value, Revision::from_parameter));
        let revision = named.flatten();
        let Some(sid) = parameters.sid else {
            return Self::open(head, transport, revision, parameters.base64);
        };
        let sid = recognize(sid, |sid| sid.parse().ok()).ok_or(RequestError::UnknownSession)?;
        // No session has a revision that is not supported.
        if named == Some(None) {
            return Err(BadRequest::RevisionMismatch.into());
        }
        if !head.matches(transport) {
            return Err(BadRequest::UpgradeMismatch.into());
        }
        if transport.is_stream() {
            return Ok(Self::Upgrade(Upgrade { sid, revision, transport, base64: parameters.base64 }));
        }
        match head.method {
            "GET" => Ok(Self::Poll(Poll { sid, revision })),
            "POST" => Ok(Self::Post(Post { sid, revision, binary: head.is_binary() })),
            _ => Err(BadRequest::Method.into()),
        }
    }

    /// Returns the session that the request belongs to, or `None` if it opens one.
    pub const fn sid(&self) -> Option<&Sid> {
        match self {
            Self::Open(_) => None,
            Self::Poll(Poll { sid, .. })
            | Self::Post(Post { sid, .. })
            | Self::Upgrade(Upgrade { sid, .. }) => Some(sid),
        }
    }

    fn open(
        head: &Head<'_>,
        transport: Transport,
        revision: Option<Revision>,
        base64: bool,
    ) -> Result<Self, RequestError> {
        if head.method != "GET" && head.stream.is_none() {
            return Err(RequestError::BadHandshakeMethod);
        }
        if !head.matches(transport) {
            return Err(BadRequest::UpgradeMismatch.into());
        }
        let revision = revision.ok_or(RequestError::UnsupportedRevision)?;
        Ok(Self::Open(Open { transport, revision, base64 }))
    }
}

/// The undecoded values of the protocol's parameters. The last of each name counts; all other parameters belong to
/// the application.
#[derive(Default)]
struct Parameters<'a> {
    transport: Option<&'a str>,
    /// `None` also if it is empty.
    sid: Option<&'a str>,
    eio: Option<&'a str>,
    base64: bool,
}

/// The names of the protocol's parameters.
enum Name {
    Transport,
    Sid,
    Eio,
    Base64,
}

impl<'a> Parameters<'a> {
    fn parse(query: &'a str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in query::pairs(query) {
            match recognize(name, Name::read) {
                Some(Name::Transport) => parameters.transport = Some(value),
                Some(Name::Sid) => parameters.sid = Some(value).filter(|sid| !sid.is_empty()),
                Some(Name::Eio) => parameters.eio = Some(value),
                Some(Name::Base64) => parameters.base64 = !value.is_empty(),
                None => {}
            }
        }
        parameters
    }
}

impl Name {
    fn read(name: &str) -> Option<Self> {
        match name {
            "transport" => Some(Self::Transport),
            "sid" => Some(Self::Sid),
            "EIO" => Some(Self::Eio),
            "b64" => Some(Self::Base64),
            _ => None,
        }
    }
}

/// Reads a name or a value, which clients mostly send unencoded; otherwise it is decoded first. Recognized texts
/// contain no `%` and no `+`.
fn recognize<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(text).or_else(|| match query::decode(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(decoded) => read(&decoded),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "AAAAAAAAAAAAAAAAAAAA";

    fn parse(method: &str, query: &str, websocket: bool) -> Result<Request, RequestError> {
        Request::parse(&Head::new(method, "/", query).with_websocket(websocket), &Config::default())
    }

    #[test]
    fn the_four_requests_of_a_client() {
        let sid = SID.parse().unwrap();
        let revision = Some(Revision::V4);
        let open = |transport| Open { transport, revision: Revision::V4, base64: false };
        let cases = [
            ("GET", "EIO=4&transport=polling&t=abc", false, Request::Open(open(Transport::Polling))),
            ("GET", "EIO=4&transport=websocket", true, Request::Open(open(Transport::WebSocket))),
            ("CONNECT", "EIO=4&transport=websocket", true, Request::Open(open(Transport::WebSocket))),
            (
                "GET",
                &format!("EIO=4&transport=polling&sid={SID}"),
                false,
                Request::Poll(Poll { sid, revision }),
            ),
            (
                "GET",
                &format!("transport=polling&sid={SID}"),
                false,
                Request::Poll(Poll { sid, revision: None }),
            ),
            (
                "POST",
                &format!("EIO=4&transport=polling&sid={SID}"),
                false,
                Request::Post(Post { sid, revision, binary: false }),
            ),
            (
                "GET",
                &format!("EIO=4&transport=websocket&sid={SID}&b64=1"),
                true,
                Request::Upgrade(Upgrade { sid, revision, transport: Transport::WebSocket, base64: true }),
            ),
        ];
        for (method, query, websocket, expected) in cases {
            assert_eq!(parse(method, query, websocket), Ok(expected), "{method} {query}");
        }
    }

    #[test]
    fn faults_are_named_as_node_names_them() {
        let sid = format!("EIO=4&sid={SID}");
        let cases = [
            ("GET", "", false, RequestError::UnknownTransport),
            ("GET", "EIO=4&transport=__proto__", false, RequestError::UnknownTransport),
            ("GET", "EIO=4&transport=webtransport", false, RequestError::UnknownTransport),
            ("GET", "EIO=4&transport=", true, RequestError::UnknownTransport),
            ("GET", "EIO=4&transport=polling&sid=__proto__", false, RequestError::UnknownSession),
            ("GET", "EIO=4&transport=polling&sid=%20", false, RequestError::UnknownSession),
            ("GET", "EIO=4&transport=pollin%67%00", false, RequestError::UnknownTransport),
            ("POST", "EIO=4&transport=polling&sid=", false, RequestError::BadHandshakeMethod),
            ("POST", "EIO=4&transport=polling", false, RequestError::BadHandshakeMethod),
            ("OPTIONS", "EIO=4&transport=polling", false, RequestError::BadHandshakeMethod),
            ("GET", "EIO=4&transport=websocket", false, BadRequest::UpgradeMismatch.into()),
            ("GET", "EIO=4&transport=polling", true, BadRequest::UpgradeMismatch.into()),
            ("GET", "EIO=3&transport=polling", false, RequestError::UnsupportedRevision),
            ("GET", "transport=polling", false, RequestError::UnsupportedRevision),
            ("GET", &format!("{sid}&transport=websocket"), false, BadRequest::UpgradeMismatch.into()),
            ("PUT", &format!("{sid}&transport=polling"), false, BadRequest::Method.into()),
            (
                "GET",
                &format!("EIO=3&sid={SID}&transport=websocket"),
                true,
                BadRequest::RevisionMismatch.into(),
            ),
        ];
        for (method, query, websocket, expected) in cases {
            assert_eq!(parse(method, query, websocket), Err(expected), "{method} {query}");
        }
    }

    /// Same results as on the Node server.
    #[test]
    fn the_query_is_decoded() {
        let open = |transport| Ok(Request::Open(Open { transport, revision: Revision::V4, base64: false }));
        for query in [
            "EIO=%34&transport=polling",
            "EIO=4&transport=%70olling",
            "%45IO=4&trans%70ort=polling",
            "EIO=4&transport=polling&sid=",
            "EIO=4&transport=polling&sid",
            "EIO=4&transport=polling&b64=",
            "EIO=3&transport=websocket&EIO=4&transport=polling",
        ] {
            assert_eq!(parse("GET", query, false), open(Transport::Polling), "{query}");
        }
        assert_eq!(parse("GET", "EIO=4&transport=%77ebsocket", true), open(Transport::WebSocket));
        let sid = SID.parse().unwrap();
        let query = format!("EIO=4&transport=polling&sid={}", SID.replace('A', "%41"));
        assert_eq!(
            parse("GET", &query, false),
            Ok(Request::Poll(Poll { sid, revision: Some(Revision::V4) }))
        );
    }

    #[test]
    fn switched_off_transports_are_unknown() {
        let config = Config { transports: [Transport::WebSocket].into_iter().collect(), ..Config::default() };
        let head = Head::new("GET", "/", "EIO=4&transport=polling");
        assert_eq!(Request::parse(&head, &config), Err(RequestError::UnknownTransport));
    }

    #[test]
    fn octets_are_seen_through_case_and_parameters() {
        let query = format!("EIO=4&transport=polling&sid={SID}");
        let content_type = Some("Application/Octet-Stream; charset=x");
        let head = Head::new("POST", "/", &query).with_content_type(content_type);
        let request = Request::parse(&head, &Config::default());
        assert!(matches!(request, Ok(Request::Post(Post { binary: true, .. }))), "{request:?}");
    }
}

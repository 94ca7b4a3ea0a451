/// Why a request is refused, and with what answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The `transport` parameter is missing, unknown or switched off.
    #[error("transport unknown")]
    UnknownTransport,
    /// There is no session with this id, or there is none any more.
    #[error("session ID unknown")]
    UnknownSession,
    /// A session is opened with GET only.
    #[error("bad handshake method")]
    BadHandshakeMethod,
    /// The request does not fit its session or itself.
    #[error("bad request: {0}")]
    Bad(#[from] BadRequest),
    /// The application does not admit the client.
    #[error("forbidden")]
    Forbidden,
    /// The server is going down and opens no sessions.
    #[error("service unavailable")]
    Unavailable,
    /// The server has as many sessions as it may have.
    #[error("too many sessions")]
    TooManySessions,
    /// The path and the query of a request that opens a session are longer than the server keeps.
    #[error("URI too long")]
    UriTooLong,
    /// The header fields that the server keeps of a request that opens a session are larger than it keeps.
    #[error("request header fields too large")]
    HeadersTooLarge,
    /// The client is of a generation that is not served.
    #[error("unsupported protocol version")]
    UnsupportedRevision,
    /// A second GET or a second POST while one is under way; the session is closed.
    #[error("overlapping requests")]
    Overlap,
    /// The body is declared as something that the client's generation does not send; the session is
    /// closed.
    #[error("invalid content type")]
    InvalidContent,
    /// The body is longer than [`Config::max_payload`](crate::Config::max_payload); the session lives on.
    #[error("body too large")]
    TooLarge,
    /// The body holds something that is no packet; the session is closed.
    #[error("malformed payload")]
    Malformed,
}

/// How a request fails to fit its session or itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// A request for `websocket` that is not a WebSocket handshake, or a WebSocket handshake for another transport.
    #[error("the transport does not match the Upgrade header")]
    UpgradeMismatch,
    /// A WebSocket handshake whose `Sec-WebSocket-Version` is not 13.
    #[error("the WebSocket version is not 13")]
    WebSocketVersion,
    /// A WebSocket handshake without a valid `Sec-WebSocket-Key`.
    #[error("the WebSocket key is missing or invalid")]
    WebSocketKey,
    /// A WebSocket handshake whose `Connection` header does not list `upgrade`, as behind a proxy that does not forward it.
    #[error("the Connection header does not list `upgrade`")]
    ConnectionHeader,
    /// A WebSocket handshake to an HTTP server that does not hand its connections over.
    #[error("the HTTP server was started without upgrades")]
    NoUpgrade,
    /// Long polling on a session that has another transport.
    #[error("the session has another transport")]
    TransportMismatch,
    /// The `EIO` parameter is not that of the session.
    #[error("the session has another protocol revision")]
    RevisionMismatch,
    /// A method that means nothing to a session.
    #[error("method not allowed")]
    Method,
    /// The application gave no id that is free.
    #[error("no id for a session")]
    Id,
}

impl RequestError {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::TooLarge => 413,
            Self::UriTooLong => 414,
            Self::HeadersTooLarge => 431,
            Self::Unavailable | Self::TooManySessions => 503,
            _ => 400,
        }
    }

    /// The code in the body, if it has one.
    pub const fn code(self) -> Option<u8> {
        match self {
            Self::UnknownTransport => Some(0),
            Self::UnknownSession => Some(1),
            Self::BadHandshakeMethod => Some(2),
            Self::Bad(_) | Self::Malformed => Some(3),
            Self::Forbidden => Some(4),
            Self::UnsupportedRevision => Some(5),
            Self::Overlap
            | Self::InvalidContent
            | Self::TooLarge
            | Self::Unavailable
            | Self::TooManySessions
            | Self::UriTooLong
            | Self::HeadersTooLarge => None,
        }
    }

    /// The body of [`Forbidden`](Self::Forbidden) with a message of the application's.
    pub fn forbidden_body(message: &str) -> String {
        serde_json::json!({ "code": 4, "message": message }).to_string()
    }

    /// The body: JSON with a message, and with an integer code where the Node server has one; or nothing.
    pub const fn body(self) -> &'static str {
        match self {
            Self::UnknownTransport => r#"{"code":0,"message":"Transport unknown"}"#,
            Self::UnknownSession => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::BadHandshakeMethod => r#"{"code":2,"message":"Bad handshake method"}"#,
            Self::Bad(_) | Self::Malformed => r#"{"code":3,"message":"Bad request"}"#,
            Self::Forbidden => r#"{"code":4,"message":"Forbidden"}"#,
            Self::UnsupportedRevision => r#"{"code":5,"message":"Unsupported protocol version"}"#,
            Self::TooManySessions => r#"{"message":"Too many sessions"}"#,
            Self::UriTooLong => r#"{"message":"URI too long"}"#,
            Self::HeadersTooLarge => r#"{"message":"Request header fields too large"}"#,
            Self::Overlap | Self::InvalidContent | Self::TooLarge | Self::Unavailable => "",
        }
    }
}

/// The reason a request is rejected, which determines the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The `transport` parameter is missing, unknown or disabled.
    #[error("transport unknown")]
    UnknownTransport,
    /// There is no session with this id, or it has ended.
    #[error("session ID unknown")]
    UnknownSession,
    /// A request that opens a session does not use GET.
    #[error("bad handshake method")]
    BadHandshakeMethod,
    /// The request is inconsistent with its session or with itself.
    #[error("bad request: {0}")]
    Bad(#[from] BadRequest),
    /// The application rejected the client.
    #[error("forbidden")]
    Forbidden,
    /// The server is shutting down and opens no sessions.
    #[error("service unavailable")]
    Unavailable,
    /// The server has reached its maximum number of sessions.
    #[error("too many sessions")]
    TooManySessions,
    /// The path and the query of a request that opens a session exceed the limit of the server.
    #[error("URI too long")]
    UriTooLong,
    /// The header fields that the server stores from a request that opens a session exceed its limit.
    #[error("request header fields too large")]
    HeadersTooLarge,
    /// The client uses a protocol revision that is not supported.
    #[error("unsupported protocol version")]
    UnsupportedRevision,
    /// A second GET or a second POST arrived while one was in progress. The session is closed.
    #[error("overlapping requests")]
    Overlap,
    /// The body has a content type that the client's revision does not allow. The session is closed.
    #[error("invalid content type")]
    InvalidContent,
    /// The body is longer than [`Config::max_payload`](crate::Config::max_payload). The session stays open.
    #[error("body too large")]
    TooLarge,
    /// The body contains an invalid packet. The session is closed.
    #[error("malformed payload")]
    Malformed,
}

/// The way in which a request is inconsistent with its session or with itself.
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
    /// A WebSocket handshake whose `Connection` header does not list `upgrade`, for example behind a proxy that does
    /// not forward it.
    #[error("the Connection header does not list `upgrade`")]
    ConnectionHeader,
    /// A WebSocket handshake to an HTTP server that does not support upgrades of its connections.
    #[error("the HTTP server was started without upgrades")]
    NoUpgrade,
    /// A long-polling request for a session that uses another transport.
    #[error("the session has another transport")]
    TransportMismatch,
    /// The `EIO` parameter differs from that of the session.
    #[error("the session has another protocol revision")]
    RevisionMismatch,
    /// A method that a session does not support.
    #[error("method not allowed")]
    Method,
    /// The application's id generator returned no unused id.
    #[error("no unused session id")]
    Id,
}

impl RequestError {
    /// Returns the HTTP status.
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

    /// Returns the code in the body, if there is one.
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

    /// Returns the body of [`Forbidden`](Self::Forbidden) with a message of the application.
    pub fn forbidden_body(message: &str) -> String {
        serde_json::json!({ "code": 4, "message": message }).to_string()
    }

    /// Returns the body: JSON with a message, and with the integer code of the Node server if it has one. Empty for
    /// some errors.
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

use std::time::Duration;

use http::Extensions;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use socketio_core::Transport;

use super::client::TestClient;
use super::error::ClientError;
use super::socket::TestSocket;
use super::template::Template;
use crate::SocketIo;

/// A builder for a [`TestClient`], from [`TestClient::builder`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use socketio_tower::SocketIo;
/// use socketio_tower::testing::TestClient;
///
/// let io = SocketIo::new();
/// let client = TestClient::builder().polling().header("x-api-key", "secret").connect(&io).await.unwrap();
/// assert!(client.is_connected());
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `open` or `connect` is called"]
pub struct TestClientBuilder {
    transport: Transport,
    headers: HeaderMap,
    extensions: Extensions,
    query: String,
    timeout: Duration,
}

impl TestClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            transport: Transport::WebSocket,
            headers: HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost"))]),
            extensions: Extensions::new(),
            query: String::new(),
            timeout: Duration::from_secs(30),
        }
    }

    /// Opens the session over WebSocket. This is the default.
    pub fn websocket(mut self) -> Self {
        self.transport = Transport::WebSocket;
        self
    }

    /// Opens the session by long polling. The client does not upgrade until [`TestClient::upgrade`] is called.
    pub fn polling(mut self) -> Self {
        self.transport = Transport::Polling;
        self
    }

    /// Adds query parameters to every request, already encoded: `token=abc&lang=de`.
    pub fn query(mut self, parameters: &str) -> Self {
        self.query.push('&');
        self.query.push_str(parameters);
        self
    }

    /// Adds a header to every request. A `Host` header replaces the default, `localhost`.
    ///
    /// # Panics
    ///
    /// Panics if the name or the value is invalid.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a valid header name");
        let value = HeaderValue::from_str(value).expect("a valid header value");
        match name {
            header::HOST => drop(self.headers.insert(name, value)),
            name => drop(self.headers.append(name, value)),
        }
        self
    }

    /// Adds an extension to every request, in place of an outer layer that would insert it, such as an authenticated
    /// user.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Sets the timeout of everything that a test awaits. Default: 30 s. When it elapses, the awaited method panics; an
    /// ack fails with [`AckError::TimedOut`](crate::AckError::TimedOut).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens a session, without connecting to a namespace.
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects the request.
    ///
    /// # Panics
    ///
    /// Panics if the setup of the server is invalid, as [`SocketIo::layer`] does; if the query is not valid in a URI;
    /// if the timeout elapses; or if called outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn open(self, io: &SocketIo) -> Result<TestClient, ClientError> {
        let Self { transport, headers, extensions, query, timeout } = self;
        let template = Template { io: io.clone(), layer: io.layer(), headers, extensions, query };
        TestClient::open(template, transport, timeout).await
    }

    /// Opens a session and connects to `/`.
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects the request, or a middleware of `/` rejects the client.
    ///
    /// # Panics
    ///
    /// Panics like [`open`](Self::open).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect(self, io: &SocketIo) -> Result<TestSocket, ClientError> {
        self.open(io).await?.namespace("/").connect().await
    }
}

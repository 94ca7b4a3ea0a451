use std::time::Duration;

use http::Extensions;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use socketio_core::Transport;

use super::client::TestClient;
use super::error::ClientError;
use super::socket::TestSocket;
use super::template::Template;
use crate::SocketIo;

/// What a [`TestClient`] is like. Made by [`TestClient::builder`].
#[derive(Debug, Clone)]
#[must_use = "it only collects; `open` or `connect` makes the client"]
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

    /// The client opens its session over a WebSocket. This is the default.
    pub fn websocket(mut self) -> Self {
        self.transport = Transport::WebSocket;
        self
    }

    /// The client opens its session by long polling, and stays there until it is told to
    /// [upgrade](TestClient::upgrade).
    pub fn polling(mut self) -> Self {
        self.transport = Transport::Polling;
        self
    }

    /// Parameters of every request, as they stand in a URI: `token=abc&lang=de`.
    pub fn query(mut self, parameters: &str) -> Self {
        self.query.push('&');
        self.query.push_str(parameters);
        self
    }

    /// A header of every request. `Host` is `localhost` unless it is given here.
    ///
    /// # Panics
    ///
    /// The name or the value is none.
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

    /// What an outer layer would attach to every request, such as the user that it has authenticated.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// How long the client awaits whatever a test awaits of it, before the test fails; of an ack, before it
    /// is [timed out](crate::AckError::TimedOut). Default 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens a session; connected to no namespace yet.
    ///
    /// # Errors
    ///
    /// The server refuses the handshake.
    ///
    /// # Panics
    ///
    /// The set-up of the server has a mistake, as in [`SocketIo::layer`]; the query is no part of a URI; or it
    /// is called outside of a tokio runtime.
    pub async fn open(self, io: &SocketIo) -> Result<TestClient, ClientError> {
        let Self { transport, headers, extensions, query, timeout } = self;
        let template = Template { io: io.clone(), layer: io.layer(), headers, extensions, query };
        TestClient::open(template, transport, timeout).await
    }

    /// Opens a session and connects it to `/`.
    ///
    /// # Errors
    ///
    /// The server refuses the handshake, or a middleware of `/` the client.
    ///
    /// # Panics
    ///
    /// As [`open`](Self::open).
    pub async fn connect(self, io: &SocketIo) -> Result<TestSocket, ClientError> {
        self.open(io).await?.namespace("/").connect().await
    }
}

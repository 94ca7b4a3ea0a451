use std::time::Duration;

use socketio_core::Transport;

use super::SocketIoBuilder;

/// Settings of the protocol.
impl SocketIoBuilder {
    /// Sets the path of the requests that the layer handles, with or without a trailing slash. Default: `/socket.io`.
    /// Requests to deeper paths reach the application.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().path("/ws").build();
    /// ```
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.settings.path = format!("/{path}").into();
        self
    }

    /// Sets the time between two pings of the server. Default: 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.core.ping_interval = interval;
        self
    }

    /// Sets how long a client may be silent after a ping before it is disconnected. Default: 20 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio_tower::SocketIo;
    ///
    /// let (interval, timeout) = (Duration::from_secs(10), Duration::from_secs(5));
    /// let io = SocketIo::builder().ping_interval(interval).ping_timeout(timeout).build();
    /// ```
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.core.ping_timeout = timeout;
        self
    }

    /// Sets how long an upgrade from long polling to WebSocket may take. Default: 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.core.upgrade_timeout = timeout;
        self
    }

    /// Sets how long a client may take to connect to its first namespace before it is disconnected. Default: 45 s. It
    /// is also the timeout of [`allow_request`](Self::allow_request) hooks.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.core.connect_timeout = timeout;
        self
    }

    /// Sets the maximum size of a POST body and of a WebSocket message, in bytes. Default: 1 000 000.
    ///
    /// A larger body is rejected with status 413; a larger message closes the connection.
    ///
    /// A message must also arrive completely within a [ping interval](Self::ping_interval), a [ping
    /// timeout](Self::ping_timeout) and the time that `bytes` take at 20 kB/s: 95 s by default. Otherwise a client
    /// could keep the server holding half a message, because each received byte counts as a sign of life.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().max_payload(64 * 1024).build();
    /// ```
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.core.max_payload = bytes;
        self
    }

    /// Sets the maximum number of binary attachments of a client's event or ack. Default: 10. A packet that announces
    /// more closes the connection.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.core.max_attachments = count;
        self
    }

    /// Sets the maximum number of namespaces that one client may be connected or connecting to. Default: 64. Node has
    /// no limit. Further connection requests are rejected.
    pub fn max_namespaces(mut self, count: usize) -> Self {
        self.core.max_namespaces = count;
        self
    }

    /// Sets the maximum number and the total size, in bytes, of a client's parked events: those that wait, over all its
    /// sockets, for a connect handler or for a free [slot](Self::concurrency) among running handlers. Default: 4096
    /// events and 4 MiB. Node has no limit.
    ///
    /// An event beyond the limit disconnects its socket.
    pub fn max_parked(mut self, events: usize, bytes: usize) -> Self {
        self.core.max_parked_events = events;
        self.core.max_parked_bytes = bytes;
        self
    }

    /// Sets the transports that clients may use, from the start or by upgrade. Default: all. `transports` on the Node
    /// server.
    ///
    /// ```
    /// use socketio_tower::{SocketIo, Transport};
    ///
    /// let io = SocketIo::builder().transports([Transport::WebSocket]).build();
    /// ```
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.core.transports = transports.into_iter().collect();
        self
    }

    /// Enables WebSocket as a stream of an HTTP/2 connection (extended CONNECT, RFC 8441). Default: `true`.
    ///
    /// If disabled, such requests are rejected as an unknown transport: polling clients stay on long polling over
    /// HTTP/2. WebSocket over HTTP/1.1 is not affected.
    ///
    /// All streams of an HTTP/2 connection share a flow-control window. A page that does not read can use it up and so
    /// block the other tabs of the same browser, until it is disconnected after [`write_timeout`](Self::write_timeout).
    /// If the HTTP server can be configured not to offer extended CONNECT, prefer that to this setting: browsers then
    /// open a connection for each WebSocket. `axum::serve` always offers it with axum's feature `http2`.
    pub fn websocket_over_http2(mut self, enabled: bool) -> Self {
        self.settings.websocket_over_http2 = enabled;
        self
    }

    /// Enables upgrades from long polling to WebSocket. Default: `true`.
    pub fn allow_upgrades(mut self, allowed: bool) -> Self {
        self.core.allow_upgrades = allowed;
        self
    }
}

use std::time::Duration;

use socketio_core::Transport;

use super::SocketIoBuilder;

/// The protocol.
impl SocketIoBuilder {
    /// The path of the requests that are the layer's, with or without a slash at its end. Default
    /// `/socket.io`. Deeper paths pass through.
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.settings.path = format!("/{path}").into();
        self
    }

    /// How long after the last ping the server sends the next one. Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.core.ping_interval = interval;
        self
    }

    /// How long after a ping the client may stay silent. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.core.ping_timeout = timeout;
        self
    }

    /// How long an upgrade from polling to WebSocket may take. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.core.upgrade_timeout = timeout;
        self
    }

    /// How long a client may stay without being connected to any namespace. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.core.connect_timeout = timeout;
        self
    }

    /// The longest POST body and the longest WebSocket message that is accepted, in bytes. One that has begun must become
    /// whole within a [ping interval](Self::ping_interval), a [ping timeout](Self::ping_timeout) and the time that so many
    /// bytes take at 20 kB/s, 95 s by default: bytes that flow are a sign of life, and half a message would be held for as
    /// long as its sender likes. Default 1 000 000.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.core.max_payload = bytes;
        self
    }

    /// The most binary attachments that an event from a client may have. Default 10.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.core.max_attachments = count;
        self
    }

    /// The most namespaces that one client may be connected to, or asking for, at once. Default 64; Node has no bound.
    pub fn max_namespaces(mut self, count: usize) -> Self {
        self.core.max_namespaces = count;
        self
    }

    /// The most events of one client that wait, at all its sockets together, for a connect handler or for a free place
    /// among running handlers, and the most bytes they may have; one more disconnects the socket it is for. Default 4096
    /// events and 4 MiB; Node has no bound.
    pub fn max_parked(mut self, events: usize, bytes: usize) -> Self {
        self.core.max_parked_events = events;
        self.core.max_parked_bytes = bytes;
        self
    }

    /// Sets the transports that clients may use, from the start or by upgrade. Default all. `transports` on the Node server.
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

    /// Whether clients may use WebSocket as one stream of an HTTP/2 connection (extended CONNECT, RFC 8441). Default true.
    /// Without, such a request is refused as one of an unknown transport: clients that poll go on polling, over HTTP/2,
    /// and WebSocket over HTTP/1.1 is taken as before.
    ///
    /// All streams of one HTTP/2 connection share a window of bytes under way. A page that does not read can use it up,
    /// and so stop the other tabs of the same browser, until it has stopped for [`write_timeout`](Self::write_timeout). If
    /// the HTTP server does not offer extended CONNECT, browsers open a connection for each WebSocket, which is better than
    /// this switch where it can be had. `axum::serve` always offers it with axum's feature `http2`.
    pub fn websocket_over_http2(mut self, enabled: bool) -> Self {
        self.settings.websocket_over_http2 = enabled;
        self
    }

    /// Whether a session that was opened by polling may move to WebSocket. Default true.
    pub fn allow_upgrades(mut self, allowed: bool) -> Self {
        self.core.allow_upgrades = allowed;
        self
    }
}

use std::net::IpAddr;

use http::request::Parts;

use super::SocketIoBuilder;
use crate::handshake::ForwardedHeader;

/// Identifying the client.
impl SocketIoBuilder {
    /// Sets a function that returns the peer address of a connection, which only the HTTP server knows, for
    /// [`Handshake::address`](crate::Handshake::address). Default: none. With axum:
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::Router;
    /// use axum::extract::ConnectInfo;
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::builder()
    ///     .peer_address(|parts| Some(parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()))
    ///     .build();
    /// let app = Router::new().layer(io.layer());
    /// let service = app.into_make_service_with_connect_info::<SocketAddr>(); // for `axum::serve`
    /// # let _: axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> = service;
    /// ```
    pub fn peer_address(mut self, peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.settings.handshake.peer.address = Some(Box::new(peer));
        self
    }

    /// Sets a function that returns `true` if a connection is encrypted, for
    /// [`Handshake::is_secure`](crate::Handshake::is_secure). Default: connections are considered unencrypted. A server
    /// that terminates TLS itself passes `|_| true`.
    pub fn is_secure(mut self, is_secure: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.settings.handshake.peer.secure = Some(Box::new(is_secure));
        self
    }

    /// Sets the number of trusted proxies in front of the server, and the header in which they forward the client's
    /// address and scheme. Default: none.
    ///
    /// Each proxy appends an entry to the right of the header, so the outermost proxy wrote the `count`th entry from
    /// the right. Address and scheme are read from this entry. Entries to its left can be forged by the client and are
    /// ignored. An entry that hides the address, such as `unknown`, yields no address. A request without the header is
    /// treated as a direct connection.
    ///
    /// Clients can forge any address if `count` is too large, or if the server can be reached without the proxies. The
    /// proxies must set the scheme as well: nginx needs `proxy_set_header X-Forwarded-Proto $scheme`.
    ///
    /// ```
    /// use socketio_tower::{ForwardedHeader, SocketIo};
    ///
    /// // One nginx in front.
    /// let io = SocketIo::builder().trusted_proxies(1, ForwardedHeader::XForwarded).build();
    /// ```
    pub fn trusted_proxies(mut self, count: usize, header: ForwardedHeader) -> Self {
        self.settings.handshake.peer.proxies = Some((count, header));
        self
    }
}

use std::net::IpAddr;

use http::request::Parts;

use super::SocketIoBuilder;
use crate::handshake::ForwardedHeader;

/// Who the client is.
impl SocketIoBuilder {
    /// How [`Handshake::address`](crate::Handshake::address) finds the peer of a connection, which only the HTTP server
    /// knows. Default none. In axum:
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

    /// How [`Handshake::secure`](crate::Handshake::secure) finds out whether a connection is encrypted. Default: it is
    /// taken not to be. A server that ends TLS itself sets `|_| true`.
    pub fn is_secure(mut self, is_secure: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.settings.handshake.peer.secure = Some(Box::new(is_secure));
        self
    }

    /// How many proxies stand between the clients and the server, and how they tell whom they forward for. Default none.
    ///
    /// Each proxy adds an entry at the right of the header, so the outermost wrote the `count`th from the right: that is
    /// where the client's address and scheme are taken from, never from what stands left of it, which the client can
    /// write. An entry that hides the address is no address. Only a request without the header is looked at as if it
    /// had come directly.
    ///
    /// With a count that is too large, or a server that can be reached past its proxies, clients can give themselves any
    /// address. The scheme must be written by the proxies too: nginx needs
    /// `proxy_set_header X-Forwarded-Proto $scheme`.
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

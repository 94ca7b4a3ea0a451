use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version};
use socketio_core::engine::{BadRequest, RequestError};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::hooks::ResponseHooks;

/// A valid WebSocket handshake, and its response.
pub(super) struct WebSocketAccept {
    /// The `Sec-WebSocket-Accept` header of HTTP/1.1; HTTP/2 does not use it.
    accept: Option<HeaderValue>,
    protocol: Option<HeaderValue>,
}

/// Returns `true` if a request asks for a WebSocket: by its `Upgrade` header over HTTP/1.1 (RFC 6455 §4.1), by
/// extended CONNECT over HTTP/2 (RFC 8441 §4).
pub(super) fn is_requested(parts: &Parts) -> bool {
    if parts.version == Version::HTTP_2 {
        let protocol = parts.extensions.get::<hyper::ext::Protocol>();
        return parts.method == Method::CONNECT && protocol.is_some_and(|p| p.as_str() == "websocket");
    }
    parts.method == Method::GET && has_token(&parts.headers, &header::UPGRADE, "websocket")
}

impl WebSocketAccept {
    /// Checks the handshake of a request that [asks for one](is_requested).
    pub(super) fn parse(parts: &Parts) -> Result<Self, RequestError> {
        let headers = &parts.headers;
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(BadRequest::WebSocketVersion.into());
        }
        let accept = if parts.version == Version::HTTP_2 {
            None
        } else {
            let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(BadRequest::WebSocketKey)?;
            if !has_token(headers, &header::CONNECTION, "upgrade") {
                return Err(BadRequest::ConnectionHeader.into());
            }
            let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
            Some(accept.map_err(|_| BadRequest::WebSocketKey)?)
        };
        // The first subprotocol that is offered, as on the Node server. A client that offers some closes the connection
        // if none is selected.
        let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
        let first =
            offered.and_then(|offered| offered.split(',').map(str::trim).find(|name| !name.is_empty()));
        Ok(Self { accept, protocol: first.and_then(|name| HeaderValue::from_str(name).ok()) })
    }

    /// Returns the response that switches the connection to WebSocket.
    pub(super) fn into_response(self, hooks: &ResponseHooks) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        if let Some(protocol) = self.protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if let Some(accept) = self.accept {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        }
        hooks.add_headers(response.headers_mut());
        response
    }
}

/// Returns `true` if a comma-separated header contains a token, ignoring case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

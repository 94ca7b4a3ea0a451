use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use socketio_core::engine::Response as SessionResponse;

use super::hooks::ResponseHooks;
use crate::admission::Rejection;

/// Returns the response to a request that this layer or its session has rejected.
pub(super) fn rejected(rejection: Rejection, hooks: &ResponseHooks) -> Response<Bytes> {
    crate::trace::request_rejected(rejection.cause().status(), &rejection);
    hooks.rejected(&rejection);
    let mut response =
        with_head(&SessionResponse::Rejected(rejection.cause()), hooks).map(|()| match rejection.body() {
            Cow::Borrowed(body) => Bytes::from_static(body.as_bytes()),
            Cow::Owned(body) => body.into(),
        });
    response.extensions_mut().insert(rejection);
    response
}

/// Returns a session's response that is a single piece.
pub(super) fn whole(response: SessionResponse, hooks: &ResponseHooks) -> Response<Bytes> {
    match response {
        SessionResponse::Rejected(error) => rejected(error.into(), hooks),
        response => with_head(&response, hooks).map(|()| response.into_body()),
    }
}

/// Returns a response with a body of packets.
pub(super) fn with_packets<B>(body: B, hooks: &ResponseHooks) -> Response<B> {
    with_head(&SessionResponse::Payload(Vec::new()), hooks).map(|()| body)
}

fn with_head(head: &SessionResponse, hooks: &ResponseHooks) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    let content_type = head.content_type().map(HeaderValue::from_static);
    let cache_control = head.cache_control().map(HeaderValue::from_static);
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    headers.extend(cache_control.map(|value| (header::CACHE_CONTROL, value)));
    hooks.add_headers(headers);
    response
}

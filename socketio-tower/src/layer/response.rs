use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use socketio_core::engine::{RequestError, Response as SessionResponse};

use super::hooks::Watch;
use crate::admission::Refusal;

/// Returns the answer to a request that is refused, by this layer or by its session.
pub(super) fn refused(error: RequestError, refusal: Option<&Refusal>, watch: &Watch) -> Response<Bytes> {
    crate::trace::request_refused(error);
    watch.refused(error, refusal);
    let answer = SessionResponse::Refused(error);
    let body = refusal.map(|refusal| RequestError::forbidden_body(refusal.message()).into());
    with_head(&answer, watch).map(|()| body.unwrap_or_else(|| answer.into_body()))
}

/// Returns the answer of a session that comes in one piece.
pub(super) fn whole(answer: SessionResponse, watch: &Watch) -> Response<Bytes> {
    match answer {
        SessionResponse::Refused(error) => refused(error, None, watch),
        answer => with_head(&answer, watch).map(|()| answer.into_body()),
    }
}

/// Returns the head of an answer whose body is `body`.
pub(super) fn with_packets<B>(body: B, watch: &Watch) -> Response<B> {
    with_head(&SessionResponse::Payload(Vec::new()), watch).map(|()| body)
}

fn with_head(answer: &SessionResponse, watch: &Watch) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    let content_type = answer.content_type().map(HeaderValue::from_static);
    let cache_control = answer.cache_control().map(HeaderValue::from_static);
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    headers.extend(cache_control.map(|value| (header::CACHE_CONTROL, value)));
    watch.answered(headers);
    response
}

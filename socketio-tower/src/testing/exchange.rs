use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::error::Refused;
use super::template::Template;

/// A request of long polling that is under way.
pub(super) struct Exchange(Pin<Box<dyn Future<Output = (StatusCode, Bytes)> + Send>>);

impl Exchange {
    pub(super) fn new(template: &Template, method: Method, query: &str, body: Bytes) -> Self {
        let parts = template.parts(method, query);
        let answer = template.layer.service().call(Request::from_parts(parts, Full::new(body)));
        Self(Box::pin(async {
            let Ok(response) = answer.await;
            let status = response.status();
            let Ok(body) = response.into_body().collect().await;
            (status, body.to_bytes())
        }))
    }

    /// Returns the body of an answer that is 200.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Refused>> {
        self.0.as_mut().poll(cx).map(|(status, body)| match status {
            StatusCode::OK => Ok(body),
            _ => Err(Refused::Handshake { status, body: String::from_utf8_lossy(&body).into_owned() }),
        })
    }
}

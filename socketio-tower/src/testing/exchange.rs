use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::error::ClientError;
use super::template::Template;
use crate::layer::Rejection;

/// A pending request of long polling.
pub(super) struct Exchange(Pin<Box<dyn Future<Output = Result<Bytes, Rejection>> + Send>>);

impl Exchange {
    pub(super) fn new(template: &Template, method: Method, query: &str, body: Bytes) -> Self {
        let parts = template.parts(method, query);
        let response = template.layer.service().call(Request::from_parts(parts, Full::new(body)));
        Self(Box::pin(async {
            let Ok(response) = response.await;
            match response.extensions().get::<Rejection>() {
                Some(rejection) => Err(rejection.clone()),
                None => {
                    let Ok(body) = response.into_body().collect().await;
                    Ok(body.to_bytes())
                }
            }
        }))
    }

    /// Returns the body of the response, or the rejection of the request.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, ClientError>> {
        self.0.as_mut().poll(cx).map_err(ClientError::Rejected)
    }
}

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use tower_service::Service;

use super::{ResponseBody, ResponseFuture};
use crate::namespace::NamespaceSet;

/// A service that handles the requests of Socket.IO clients and passes all others to `S`. Created by [`SocketIoLayer`]
/// and [`SocketIoLayer::service`].
///
/// [`SocketIoLayer`]: super::SocketIoLayer
/// [`SocketIoLayer::service`]: super::SocketIoLayer::service
#[derive(Debug, Clone)]
pub struct SocketIoService<S> {
    inner: S,
    namespaces: Arc<NamespaceSet>,
    everywhere: bool,
}

impl<S> SocketIoService<S> {
    pub(super) fn new(inner: S, namespaces: Arc<NamespaceSet>) -> Self {
        Self { inner, namespaces, everywhere: false }
    }

    pub(super) fn everywhere(inner: S, namespaces: Arc<NamespaceSet>) -> Self {
        Self { inner, namespaces, everywhere: true }
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Returns the response if the request is for a client file.
    fn client_file<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let settings = self.namespaces.server().settings();
        let files = settings.requests.files.as_ref()?;
        let path = request.uri().path();
        // Mounted on a route, the server does not know the prefix of the file's name.
        let name = match self.everywhere {
            true => path.rsplit('/').next()?,
            false => path.strip_prefix(&*settings.path)?.strip_prefix('/')?,
        };
        files.respond(request.method(), name, request.headers())
    }

    fn is_ours(&self, path: &str) -> bool {
        let ours = &*self.namespaces.server().settings().path;
        self.everywhere || path.strip_prefix(ours).is_some_and(|rest| matches!(rest, "" | "/"))
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SocketIoService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if let Some(response) = self.client_file(&request) {
            ResponseFuture::file(response)
        } else if self.is_ours(request.uri().path()) {
            ResponseFuture::ours(&self.namespaces, request)
        } else {
            ResponseFuture::inner(self.inner.call(request))
        }
    }
}

/// The inner service of [`SocketIoLayer::service`](super::SocketIoLayer::service). It always responds with 404, but is
/// never called, since that service handles every request.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct NotFound;

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use super::ResponseBody;
use super::collect::Collect;
use super::hooks::ResponseHooks;
use super::request::{self, Action, Waiting};
use super::response::rejected;
use crate::admission::{Decision, Rejection};
use crate::namespace::NamespaceSet;

pin_project! {
    /// The response future of a [`SocketIoService`](super::SocketIoService).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the request of the inner service. A request of a session counts as lost: if it is a
    /// GET or POST of long polling that is still pending, the session is closed.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
        hooks: ResponseHooks,
    }
}

pin_project! {
    /// ```text
    ///   Inner
    ///   Admit ──▶ Wait
    ///         └─▶ Ready
    /// ```
    #[project = StateProj]
    enum State<F, B> {
        // The inner service responds.
        Inner { #[pin] future: F },
        // The application decides whether the request may open a session.
        Admit { decision: Decision, request: Option<Box<Undecided<B>>> },
        // The session responds. The body of a POST may still be arriving.
        Wait { #[pin] body: Option<Collect<B>>, waiting: Waiting },
        Ready { response: Option<Box<Response<Bytes>>> },
    }
}

impl<F, B: Body> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future }, hooks: ResponseHooks::none() }
    }

    /// Returns the response to a request for a client file.
    pub(super) fn file(response: Response<Bytes>) -> Self {
        Self { state: State::ready(response), hooks: ResponseHooks::none() }
    }

    pub(super) fn ours(namespaces: &Arc<NamespaceSet>, request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        let mut hooks = ResponseHooks::begin(namespaces, &parts);
        let state = match request::admission(namespaces.server(), &parts) {
            Ok(Some(decision)) => {
                let request = Some(Box::new(Undecided { namespaces: Arc::clone(namespaces), parts, body }));
                State::Admit { decision, request }
            }
            Ok(None) => State::begin(namespaces, parts, body, &mut hooks),
            Err(error) => State::ready(rejected(error.into(), &hooks)),
        };
        Self { state, hooks }
    }
}

/// A request that waits for the decision on its admission.
struct Undecided<B> {
    namespaces: Arc<NamespaceSet>,
    parts: Parts,
    body: B,
}

impl<F, B> State<F, B> {
    fn ready(response: Response<Bytes>) -> Self {
        Self::Ready { response: Some(Box::new(response)) }
    }

    /// Starts to process an admitted request.
    fn begin(namespaces: &Arc<NamespaceSet>, mut parts: Parts, body: B, hooks: &mut ResponseHooks) -> Self {
        match Action::of(namespaces, &mut parts, hooks) {
            Action::Wait(waiting) => Self::Wait { body: None, waiting },
            Action::Receive(waiting) => {
                let max_payload = namespaces.server().settings().core.max_payload;
                Self::Wait { body: Some(Collect::new(body, max_payload)), waiting }
            }
            Action::Respond(response) => Self::ready(response),
        }
    }

    /// Processes a request according to the application's decision.
    fn decided(request: Undecided<B>, decision: Result<(), Rejection>, hooks: &mut ResponseHooks) -> Self {
        match decision {
            Ok(()) => Self::begin(&request.namespaces, request.parts, request.body, hooks),
            Err(rejection) => Self::ready(rejected(rejection, hooks)),
        }
    }
}

impl<F, B, ResBody, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, hooks) = (this.state, this.hooks);
        loop {
            match state.as_mut().project() {
                StateProj::Inner { future } => {
                    let result = ready!(future.poll(cx));
                    return Poll::Ready(result.map(|response| response.map(ResponseBody::inner)));
                }
                StateProj::Admit { decision, request } => {
                    let decision = ready!(decision.as_mut().poll(cx));
                    let request = request.take().expect(POLLED_AGAIN);
                    state.set(State::decided(*request, decision, hooks));
                }
                StateProj::Wait { mut body, waiting } => {
                    // The session may reject a POST before its body has arrived.
                    if let Poll::Ready(response) = waiting.poll_response(hooks, cx) {
                        return Poll::Ready(Ok(response));
                    }
                    let Some(collect) = body.as_mut().as_pin_mut() else { return Poll::Pending };
                    let received = ready!(collect.poll(&mut waiting.guard, cx));
                    body.set(None);
                    waiting.guard.end_body(received);
                }
                StateProj::Ready { response } => {
                    let response = *response.take().expect(POLLED_AGAIN);
                    return Poll::Ready(Ok(response.map(ResponseBody::ours)));
                }
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

const POLLED_AGAIN: &str = "`ResponseFuture` polled after completion";

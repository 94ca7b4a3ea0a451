use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{LengthLimitError, Limited};
use pin_project_lite::pin_project;
use socketio_core::Lost;
use socketio_core::engine::{RequestError, Response as SessionResponse};

use super::ResponseBody;
use super::hooks::Watch;
use super::request::{Action, Waiting};
use super::websocket::Handshake;
use crate::admission::{Decision, Refusal};
use crate::namespace::NamespaceSet;
use crate::session::Reply;

pin_project! {
    /// The answer of a [`SocketIoService`](super::SocketIoService).
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
        // What the application wants to do with the answer; most want nothing.
        watch: Option<Box<Watch>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] future: F },
        File { answer: Option<Box<Response<Bytes>>> },
        // The application is asked whether the request may open a session.
        Admit { decision: Decision, asked: Option<Box<Asked<B>>> },
        Wait { waiting: Option<Waiting> },
        // The POST has been announced; its body is on the way. It is copied, so that an event which
        // waits does not keep the read buffer of the connection.
        Receive { #[pin] body: Limited<B>, received: Vec<u8>, waiting: Option<Waiting> },
        Switch { handshake: Option<Handshake> },
        Refuse { error: RequestError, refusal: Option<Refusal> },
    }
}

impl<F, B: Body> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future }, watch: None }
    }

    /// A file of the client.
    pub(super) fn file(answer: Response<Bytes>) -> Self {
        Self { state: State::File { answer: Some(Box::new(answer)) }, watch: None }
    }

    pub(super) fn ours(namespaces: &Arc<NamespaceSet>, request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        let mut watch = Watch::begin(namespaces, &parts);
        let state = match Action::admission(namespaces.server(), &parts) {
            Ok(Some(decision)) => {
                let asked = Some(Box::new(Asked { namespaces: Arc::clone(namespaces), parts, body }));
                State::Admit { decision, asked }
            }
            Ok(None) => State::begin(namespaces, parts, body, &mut watch),
            Err(error) => State::Refuse { error, refusal: None },
        };
        Self { state, watch }
    }
}

/// A request whose admission is decided on.
struct Asked<B> {
    namespaces: Arc<NamespaceSet>,
    parts: Parts,
    body: B,
}

impl<F, B: Body> State<F, B> {
    /// Does what an admitted request asks for.
    fn begin(
        namespaces: &Arc<NamespaceSet>,
        mut parts: Parts,
        body: B,
        watch: &mut Option<Box<Watch>>,
    ) -> Self {
        match Action::of(namespaces, &mut parts, watch) {
            Action::Wait(waiting) => Self::Wait { waiting: Some(waiting) },
            Action::Receive(waiting) => {
                let body = Limited::new(body, namespaces.server().settings().core.max_payload);
                Self::Receive { body, received: Vec::new(), waiting: Some(waiting) }
            }
            Action::Switch(handshake) => Self::Switch { handshake: Some(handshake) },
            Action::Refuse(error) => Self::Refuse { error, refusal: None },
        }
    }
}

impl<F, B, ResBody, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, watch) = (this.state, this.watch);
        loop {
            let next = match state.as_mut().project() {
                StateProj::Inner { future } => {
                    return Poll::Ready(
                        ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)),
                    );
                }
                StateProj::File { answer } => {
                    let answer = answer.take().expect(POLLED_AGAIN);
                    return Poll::Ready(Ok(answer.map(|bytes| ResponseBody::ours(bytes))));
                }
                StateProj::Admit { decision, asked } => {
                    let decision = ready!(decision.as_mut().poll(cx));
                    let Asked { namespaces, parts, body } = *asked.take().expect(POLLED_AGAIN);
                    match decision {
                        Ok(()) => State::begin(&namespaces, parts, body, watch),
                        Err(refusal) => {
                            State::Refuse { error: RequestError::Forbidden, refusal: Some(refusal) }
                        }
                    }
                }
                StateProj::Wait { waiting } => {
                    return poll_answer(waiting, watch.as_deref(), cx).map(Ok);
                }
                StateProj::Receive { mut body, received, waiting } => {
                    // The session may refuse the request before its body is there.
                    if let Poll::Ready(response) = poll_answer(waiting, watch.as_deref(), cx) {
                        return Poll::Ready(Ok(response));
                    }
                    let ended = loop {
                        let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
                            waiting.iter_mut().for_each(|waiting| waiting.delivery.receive(received.len()));
                            return Poll::Pending;
                        };
                        match frame {
                            Some(Ok(frame)) => {
                                if let Ok(mut data) = frame.into_data() {
                                    received.reserve(data.remaining());
                                    while data.has_remaining() {
                                        let chunk = data.chunk();
                                        received.extend_from_slice(chunk);
                                        let length = chunk.len();
                                        data.advance(length);
                                    }
                                }
                            }
                            Some(Err(error)) if error.is::<LengthLimitError>() => break Err(Lost::TooLarge),
                            Some(Err(_)) => break Err(Lost::Aborted),
                            None => break Ok(Bytes::from(std::mem::take(received))),
                        }
                    };
                    let mut waiting = waiting.take().expect(POLLED_AGAIN);
                    match ended {
                        Ok(body) => waiting.delivery.deliver(body),
                        Err(why) => waiting.delivery.fail(why),
                    }
                    State::Wait { waiting: Some(waiting) }
                }
                StateProj::Switch { handshake } => {
                    let mut response = handshake.take().expect(POLLED_AGAIN).into_response();
                    if let Some(watch) = watch {
                        watch.answered(response.headers_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refuse { error, refusal } => {
                    return Poll::Ready(Ok(refused(*error, refusal.as_ref(), watch.as_deref())));
                }
            };
            state.set(next);
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const POLLED_AGAIN: &str = "a future is not polled after its end";

fn poll_answer<B>(
    waiting: &mut Option<Waiting>,
    watch: Option<&Watch>,
    cx: &mut Context<'_>,
) -> Poll<Response<ResponseBody<B>>> {
    let polled = waiting.as_mut().map(|waiting| Pin::new(&mut waiting.answer).poll(cx));
    // A session that is over has dropped the question.
    let unknown = Reply::Whole(SessionResponse::Refused(RequestError::UnknownSession));
    let reply = ready!(polled.expect(POLLED_AGAIN)).unwrap_or(unknown);
    let delivery = waiting.take().expect(POLLED_AGAIN).delivery;
    Poll::Ready(match reply {
        Reply::Packets { length } => {
            let body = ResponseBody::packets(length, delivery);
            with_head(body, &SessionResponse::Payload(Vec::new()), watch)
        }
        Reply::Whole(answer) => {
            delivery.done();
            match answer {
                SessionResponse::Refused(error) => refused(error, None, watch),
                answer => answered(answer, watch),
            }
        }
    })
}

/// The answer to a request that is refused, here or by its session.
fn refused<B>(
    error: RequestError,
    refusal: Option<&Refusal>,
    watch: Option<&Watch>,
) -> Response<ResponseBody<B>> {
    crate::trace::request_refused(error);
    if let Some(watch) = watch {
        watch.refused(error, refusal);
    }
    let mut response = answered(SessionResponse::Refused(error), watch);
    if let Some(refusal) = refusal {
        let body = RequestError::forbidden_body(refusal.message());
        *response.body_mut() = ResponseBody::ours(body.into());
    }
    response
}

/// An answer without packets.
fn answered<B>(answer: SessionResponse, watch: Option<&Watch>) -> Response<ResponseBody<B>> {
    let mut response = with_head(ResponseBody::ours(Bytes::new()), &answer, watch);
    *response.body_mut() = ResponseBody::ours(answer.into_body());
    response
}

/// A body under the head of an answer.
fn with_head<B>(
    body: ResponseBody<B>,
    answer: &SessionResponse,
    watch: Option<&Watch>,
) -> Response<ResponseBody<B>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    let content_type = answer.content_type().map(HeaderValue::from_static);
    let cache_control = answer.cache_control().map(HeaderValue::from_static);
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    headers.extend(cache_control.map(|value| (header::CACHE_CONTROL, value)));
    if let Some(watch) = watch {
        watch.answered(headers);
    }
    response
}

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{LengthLimitError, Limited};
use pin_project_lite::pin_project;
use socketio_core::Lost;
use socketio_core::engine::{RequestError, Response as SessionResponse};

use super::ResponseBody;
use super::body::Delivery;
use super::request::{Action, Waiting};
use super::websocket::Handshake;
use crate::SocketIo;
use crate::session::Command;

pin_project! {
    /// The answer of a [`SocketIoService`](super::SocketIoService).
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] future: F },
        Wait { waiting: Option<Waiting> },
        // The POST has been announced; its body is on the way. It is copied, so that an event which
        // waits does not keep the read buffer of the connection.
        Receive { #[pin] body: Limited<B>, received: Vec<u8>, waiting: Option<Waiting> },
        Switch { handshake: Option<Handshake> },
        Refuse { error: RequestError },
    }
}

impl<F, B: Body> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn ours(io: &SocketIo, request: Request<B>) -> Self {
        let (mut parts, body) = request.into_parts();
        let state = match Action::of(io, &mut parts) {
            Action::Wait(waiting) => State::Wait { waiting: Some(waiting) },
            Action::Receive(waiting) => {
                let body = Limited::new(body, io.settings().core.max_payload);
                State::Receive { body, received: Vec::new(), waiting: Some(waiting) }
            }
            Action::Switch(handshake) => State::Switch { handshake: Some(handshake) },
            Action::Refuse(error) => State::Refuse { error },
        };
        Self { state }
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
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Inner { future } => {
                    return Poll::Ready(
                        ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)),
                    );
                }
                StateProj::Wait { waiting } => {
                    let polled = waiting.as_mut().map(|waiting| Pin::new(&mut waiting.answer).poll(cx));
                    // A session that is over has dropped the question.
                    let answer =
                        ready!(polled.expect(POLLED_AGAIN)).unwrap_or(Err(RequestError::UnknownSession));
                    let delivery = waiting.take().expect(POLLED_AGAIN).delivery;
                    return Poll::Ready(Ok(answered(answer, delivery)));
                }
                StateProj::Receive { mut body, received, waiting } => {
                    // The session may refuse the request before its body is there.
                    if let Poll::Ready(response) = poll_answer(waiting, cx) {
                        return Poll::Ready(Ok(response));
                    }
                    let ended = loop {
                        match ready!(body.as_mut().poll_frame(cx)) {
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
                    let waiting = waiting.take().expect(POLLED_AGAIN);
                    waiting.delivery.tell(|link| match ended {
                        Ok(body) => Command::Body { link, body },
                        Err(why) => Command::Lost { link, why },
                    });
                    State::Wait { waiting: Some(waiting) }
                }
                StateProj::Switch { handshake } => {
                    return Poll::Ready(Ok(handshake.take().expect(POLLED_AGAIN).into_response()));
                }
                StateProj::Refuse { error } => return Poll::Ready(Ok(refused(*error))),
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

fn poll_answer<B>(waiting: &mut Option<Waiting>, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<B>>> {
    let polled = waiting.as_mut().map(|waiting| Pin::new(&mut waiting.answer).poll(cx));
    // A session that is over has dropped the question.
    let answer = ready!(polled.expect(POLLED_AGAIN)).unwrap_or(Err(RequestError::UnknownSession));
    let delivery = waiting.take().expect(POLLED_AGAIN).delivery;
    Poll::Ready(answered(answer, delivery))
}

/// The session's answer as a response.
fn answered<B>(
    answer: Result<SessionResponse, RequestError>,
    delivery: Delivery,
) -> Response<ResponseBody<B>> {
    let (body, content_type) = match answer {
        Ok(SessionResponse::Payload(payload)) => {
            (ResponseBody::packets(payload, delivery), "text/plain; charset=UTF-8")
        }
        Ok(_) => {
            delivery.done();
            (ResponseBody::ours("ok"), "text/html")
        }
        Err(error) => {
            delivery.done();
            return refused(error);
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused<B>(error: RequestError) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::ours(error.body()));
    *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    if !error.body().is_empty() {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    response
}

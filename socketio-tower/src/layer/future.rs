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
                StateProj::Wait { waiting } => return poll_answer(waiting, cx).map(Ok),
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
                StateProj::Refuse { error } => {
                    return Poll::Ready(Ok(answered(SessionResponse::Refused(*error), None)));
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

fn poll_answer<B>(waiting: &mut Option<Waiting>, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<B>>> {
    let polled = waiting.as_mut().map(|waiting| Pin::new(&mut waiting.answer).poll(cx));
    // A session that is over has dropped the question.
    let unknown = SessionResponse::Refused(RequestError::UnknownSession);
    let answer = ready!(polled.expect(POLLED_AGAIN)).unwrap_or(unknown);
    let delivery = waiting.take().expect(POLLED_AGAIN).delivery;
    Poll::Ready(answered(answer, Some(delivery)))
}

/// The session's answer as a response. Packets must be delivered, and their loss be told; of other answers
/// nothing hangs on that.
fn answered<B>(answer: SessionResponse, delivery: Option<Delivery>) -> Response<ResponseBody<B>> {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let content_type = answer.content_type().map(HeaderValue::from_static);
    let cache_control = answer.cache_control().map(HeaderValue::from_static);
    let delivery = match (&answer, delivery) {
        (SessionResponse::Payload(_), delivery) => delivery,
        (_, delivery) => {
            delivery.into_iter().for_each(Delivery::done);
            None
        }
    };
    let mut response = Response::new(ResponseBody::ours(answer.into_body(), delivery));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    headers.extend(cache_control.map(|value| (header::CACHE_CONTROL, value)));
    response
}

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use bytestring::ByteString;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use socketio_core::engine::encode_payload;
use socketio_core::{Encoded, Transport};
use tower_service::Service;

use super::error::Refused;
use super::template::Template;

/// A client on long polling: one GET that waits, and one POST at a time.
pub(super) struct Polling {
    template: Template,
    sid: String,
    outgoing: Vec<Encoded>,
    get: Option<Exchange>,
    post: Option<Exchange>,
    /// Whether what is under way is the last of it.
    paused: bool,
}

/// A request, and the status and the body of its answer.
type Exchange = Pin<Box<dyn Future<Output = (StatusCode, Bytes)> + Send>>;

impl Polling {
    pub(super) fn new(template: Template, sid: String) -> Self {
        Self { template, sid, outgoing: Vec::new(), get: None, post: None, paused: false }
    }

    /// Opens a session: the body of the first answer.
    pub(super) async fn open(template: &Template) -> Result<ByteString, Refused> {
        let answer = exchange(template, Method::GET, None, Bytes::new()).await;
        accepted(answer).map_err(|(status, body)| Refused::Handshake {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    pub(super) fn push(&mut self, packet: Encoded) {
        self.outgoing.push(packet);
    }

    /// Begins no request any more.
    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    pub(super) fn resume(&mut self) {
        self.paused = false;
    }

    /// Whether no request is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.get.is_none() && self.post.is_none()
    }

    pub(super) fn into_outgoing(self) -> Vec<Encoded> {
        self.outgoing
    }

    /// Ready when the server has taken all; false if it refused.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            if let Some(post) = &mut self.post {
                let answer = ready!(post.as_mut().poll(cx));
                self.post = None;
                if accepted(answer).is_err() {
                    return Poll::Ready(false);
                }
            }
            if self.paused || self.outgoing.is_empty() {
                return Poll::Ready(true);
            }
            let body = encode_payload(self.outgoing.drain(..)).into();
            self.post = Some(exchange(&self.template, Method::POST, Some(&self.sid), body));
        }
    }

    /// The body of the next answer to a GET, or none if it was refused.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<ByteString>> {
        if self.get.is_none() && !self.paused {
            self.get = Some(exchange(&self.template, Method::GET, Some(&self.sid), Bytes::new()));
        }
        let Some(get) = &mut self.get else { return Poll::Pending };
        let answer = ready!(get.as_mut().poll(cx));
        self.get = None;
        Poll::Ready(accepted(answer).ok())
    }
}

/// The body of an answer that is 200.
fn accepted((status, body): (StatusCode, Bytes)) -> Result<ByteString, (StatusCode, Bytes)> {
    match status {
        StatusCode::OK => Ok(ByteString::try_from(body).expect("payloads are UTF-8")),
        _ => Err((status, body)),
    }
}

fn exchange(template: &Template, method: Method, sid: Option<&str>, body: Bytes) -> Exchange {
    let parts = template.parts(method, Transport::Polling, sid);
    let answer = template.layer.service().call(Request::from_parts(parts, Full::new(body)));
    Box::pin(async {
        let Ok(response) = answer.await;
        let status = response.status();
        let Ok(body) = response.into_body().collect().await;
        (status, body.to_bytes())
    })
}

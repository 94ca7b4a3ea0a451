use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::extract::ws::{self, CloseFrame, WebSocket};
use bytes::Bytes;
use futures_util::stream::iter;
use futures_util::{SinkExt, StreamExt};
use socketio_core::engine::{Request, Response, Session, SessionEvent, Transmit};
use socketio_core::{Encoded, LinkError, LinkId, Message};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};

/// An input to the task of a session.
pub(crate) enum Input {
    /// A GET or POST, its body, and the sender of its response.
    Request(Request, Result<Bytes, LinkError>, oneshot::Sender<Response>),
    /// A WebSocket, as the first transport or for an upgrade.
    Stream(Request, Box<WebSocket>),
}

/// The maximum number of queued inputs. Further requests wait.
pub(crate) const INPUTS: usize = 16;
/// The maximum time for a write without progress.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The driver of one session.
pub(crate) struct Driver {
    session: Session,
    link: LinkId,
    requests: HashMap<LinkId, oneshot::Sender<Response>>,
    streams: HashMap<LinkId, Box<WebSocket>>,
}

impl Driver {
    pub(crate) fn new(session: Session) -> Self {
        Self { session, link: LinkId::new(0), requests: HashMap::new(), streams: HashMap::new() }
    }

    /// Alternately passes input to the session and drains its output, until the session ends.
    pub(crate) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        loop {
            self.drain().await;
            let Some(deadline) = self.session.poll_timeout() else { return };
            let brought = poll_fn(|context| {
                let gone = self.requests.iter_mut().find_map(|(link, answer)| {
                    answer.poll_closed(context).is_ready().then_some((*link, None))
                });
                let mut streams = self.streams.iter_mut();
                let brought = gone.or_else(|| {
                    streams.find_map(|(link, stream)| match stream.poll_next_unpin(context) {
                        Poll::Ready(message) => Some((*link, message)),
                        Poll::Pending => None,
                    })
                });
                brought.map_or(Poll::Pending, Poll::Ready)
            });
            tokio::select! {
                Some(input) = inputs.recv() => self.handle(input, Instant::now()),
                (link, message) = brought => self.read(link, message, Instant::now()),
                () = sleep_until(deadline.into()) => self.session.handle_timeout(Instant::now()),
            }
        }
    }

    fn handle(&mut self, input: Input, now: Instant) {
        self.link = self.link.next();
        let (link, session) = (self.link, &mut self.session);
        match input {
            Input::Request(request, body, answer) => match session.handle_request(link, &request, now) {
                Ok(()) => {
                    self.requests.insert(link, answer);
                    match body {
                        Ok(body) => session.handle_body(link, body, now),
                        Err(why) => session.handle_lost(link, why, now),
                    }
                }
                // The client may have aborted the request.
                Err(error) => drop(answer.send(Response::Rejected(error))),
            },
            Input::Stream(request, stream) => {
                self.streams.insert(link, stream);
                session.handle_request(link, &request, now).ok();
            }
        }
    }

    /// Handles a message from a link, or `None` if the link has ended.
    fn read(&mut self, link: LinkId, message: Option<Result<ws::Message, axum::Error>>, now: Instant) {
        let why = match message {
            Some(Ok(ws::Message::Text(text))) => {
                return self.session.handle_message(link, Message::Text(text.as_str().into()), now);
            }
            Some(Ok(ws::Message::Binary(bytes))) => {
                return self.session.handle_message(link, Message::Binary(bytes), now);
            }
            Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => {
                return self.session.handle_activity(link);
            }
            Some(Ok(ws::Message::Close(_))) => LinkError::Closed,
            Some(Err(_)) => LinkError::Failed,
            None => LinkError::Aborted,
        };
        self.requests.remove(&link);
        self.streams.remove(&link);
        self.session.handle_lost(link, why, now);
    }

    /// Echoes messages and performs transmits until there are none left.
    async fn drain(&mut self) {
        loop {
            while let Some(event) = self.session.poll(Instant::now()) {
                match event {
                    SessionEvent::Message(message) => drop(self.session.send(Encoded::message(&message))),
                    event => println!("{event:?}"),
                }
            }
            let Some(transmit) = self.session.poll_transmit() else { return };
            if let Err((link, why)) = self.transmit(transmit).await {
                self.session.handle_lost(link, why, Instant::now());
            }
        }
    }

    async fn transmit(&mut self, transmit: Transmit) -> Result<(), (LinkId, LinkError)> {
        match transmit {
            Transmit::Message { link, packet } => {
                let Some(stream) = self.streams.get_mut(&link) else { return Ok(()) };
                let mut messages = iter(packet.messages().map(|message| match message {
                    Message::Text(text) => Ok(ws::Message::text(&*text)),
                    Message::Binary(bytes) => Ok(ws::Message::Binary(bytes)),
                }));
                match timeout(WRITE_TIMEOUT, stream.send_all(&mut messages)).await {
                    Ok(sent) => sent.map_err(|_| (link, LinkError::Failed)),
                    Err(_) => Err((link, LinkError::Stalled)),
                }
            }
            Transmit::Respond { link, response } => {
                let sent = self.requests.remove(&link).map_or(Ok(()), |answer| answer.send(response));
                sent.map_err(|_| (link, LinkError::Aborted))?;
                // Reported before the client has received it. Precise reports would need a body type that tracks its
                // end.
                self.session.handle_delivered(link, Instant::now());
                Ok(())
            }
            Transmit::Close { link, code } => {
                let Some(mut stream) = self.streams.remove(&link) else { return Ok(()) };
                let frame = code.map(|code| CloseFrame { code, reason: "".into() });
                // The stream is dropped even if the close frame could not be sent.
                timeout(WRITE_TIMEOUT, stream.send(ws::Message::Close(frame))).await.ok();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

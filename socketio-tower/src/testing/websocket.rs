use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};
use http::Method;
use socketio_core::{Encoded, Message};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

use super::error::ClientError;
use super::template::Template;

/// The client's end of a WebSocket whose other end is attached to the server.
pub(super) struct WebSocket {
    state: State,
    outgoing: VecDeque<tungstenite::Message>,
}

enum State {
    /// The server has not taken its end yet.
    Opening(Pin<Box<dyn Future<Output = Result<Stream, ClientError>> + Send>>),
    Open(Box<Stream>),
}

type Stream = WebSocketStream<DuplexStream>;

impl WebSocket {
    pub(super) fn open(template: &Template, query: &str) -> Self {
        let parts = template.parts(Method::GET, query);
        let io = template.io.clone();
        let opening = async move {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            io.attach(parts, theirs).await?;
            let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(None);
            let config = config.max_frame_size(None);
            Ok(WebSocketStream::from_raw_socket(ours, Role::Client, Some(config)).await)
        };
        Self { state: State::Opening(Box::pin(opening)), outgoing: VecDeque::new() }
    }

    pub(super) fn push(&mut self, packet: &Encoded) {
        self.outgoing.extend(packet.messages().map(|message| match message {
            Message::Text(text) => {
                let text = Utf8Bytes::try_from(text.into_bytes());
                tungstenite::Message::Text(text.expect("packets are UTF-8"))
            }
            Message::Binary(bytes) => tungstenite::Message::Binary(bytes),
        }));
    }

    /// Queues a close frame.
    pub(super) fn close(&mut self) {
        self.outgoing.push_back(tungstenite::Message::Close(None));
    }

    /// Ready when the pipe has taken all, or is not there yet. That the connection has ended is told by reading.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Open(stream) = &mut self.state else { return Poll::Ready(()) };
        while !self.outgoing.is_empty() {
            if ready!(stream.poll_ready_unpin(cx)).is_err() {
                self.outgoing.clear();
            } else if let Some(message) = self.outgoing.pop_front() {
                stream.start_send_unpin(message).ok();
            }
        }
        stream.poll_flush_unpin(cx).map(drop)
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// The server has refused the WebSocket, or it has ended.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, ClientError>> {
        let stream = match &mut self.state {
            State::Open(stream) => stream,
            State::Opening(opening) => {
                self.state = State::Open(Box::new(ready!(opening.as_mut().poll(cx))?));
                // What waited for it leaves now. If it does not, it has arranged to be polled again.
                _ = self.poll_write(cx);
                return self.poll_read(cx);
            }
        };
        loop {
            return Poll::Ready(match ready!(stream.poll_next_unpin(cx)) {
                Some(Ok(tungstenite::Message::Text(text))) => {
                    let text = ByteString::try_from(Bytes::from(text));
                    Ok(Message::Text(text.expect("tungstenite has checked it")))
                }
                Some(Ok(tungstenite::Message::Binary(bytes))) => Ok(Message::Binary(bytes)),
                // A close frame is answered by reading on.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Err(ClientError::Ended),
            });
        }
    }
}

/// What the pipe holds of either direction, in bytes, as a kernel's socket buffer does.
const PIPE: usize = 64 * 1024;
const READ_BUFFER: usize = 4 * 1024;

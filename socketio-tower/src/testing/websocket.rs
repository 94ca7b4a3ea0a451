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

/// The client's end of a WebSocket. The other end is attached to the server.
pub(super) struct WebSocket {
    state: State,
    outgoing: VecDeque<tungstenite::Message>,
}

enum State {
    /// The server has not accepted its end yet.
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

    /// Ready when everything is written, or while the WebSocket is still opening. The end of the connection is reported
    /// by `poll_read`.
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

    /// Returns the next message.
    ///
    /// # Errors
    ///
    /// Returns an error if the server has rejected the WebSocket, or if it has ended.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, ClientError>> {
        let stream = match &mut self.state {
            State::Open(stream) => stream,
            State::Opening(opening) => {
                self.state = State::Open(Box::new(ready!(opening.as_mut().poll(cx))?));
                // Sends the packets queued while opening. If that is pending, it has registered the waker.
                _ = self.poll_write(cx);
                return self.poll_read(cx);
            }
        };
        loop {
            return Poll::Ready(match ready!(stream.poll_next_unpin(cx)) {
                Some(Ok(tungstenite::Message::Text(text))) => {
                    let text = ByteString::try_from(Bytes::from(text));
                    Ok(Message::Text(text.expect("tungstenite has validated it")))
                }
                Some(Ok(tungstenite::Message::Binary(bytes))) => Ok(Message::Binary(bytes)),
                // Reading on replies to a close frame.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Err(ClientError::Ended),
            });
        }
    }
}

/// The capacity of the pipe in each direction, in bytes. It plays the role of a kernel's socket buffer.
const PIPE: usize = 64 * 1024;
const READ_BUFFER: usize = 4 * 1024;

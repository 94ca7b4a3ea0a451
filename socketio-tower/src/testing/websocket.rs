use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};
use socketio_core::{Encoded, Message, Transport};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

use super::error::Refused;
use super::template::Template;

/// The client's end of a WebSocket whose other end is attached to the server.
pub(super) struct WebSocket {
    stream: WebSocketStream<DuplexStream>,
    outgoing: VecDeque<tungstenite::Message>,
}

impl WebSocket {
    /// A WebSocket that opens a session, or wants to take over the one with this `sid`.
    pub(super) async fn open(template: &Template, sid: Option<&str>) -> Result<Self, Refused> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let parts = template.parts(http::Method::GET, Transport::WebSocket, sid);
        template.io.attach(parts, theirs)?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(None);
        let config = config.max_frame_size(None);
        let stream = WebSocketStream::from_raw_socket(ours, Role::Client, Some(config)).await;
        Ok(Self { stream, outgoing: VecDeque::new() })
    }

    pub(super) fn push(&mut self, packet: &Encoded) {
        let text = Utf8Bytes::try_from(Bytes::copy_from_slice(packet.text()));
        let text = tungstenite::Message::Text(text.expect("packets are UTF-8"));
        let attachments = packet.attachments().map(|bytes| tungstenite::Message::binary(bytes.to_vec()));
        self.outgoing.push_back(text);
        self.outgoing.extend(attachments);
    }

    /// Queues a close frame.
    pub(super) fn close(&mut self) {
        self.outgoing.push_back(tungstenite::Message::Close(None));
    }

    /// Ready when the pipe has taken all. That the connection has ended is told by reading.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.outgoing.is_empty() {
            if ready!(self.stream.poll_ready_unpin(cx)).is_err() {
                self.outgoing.clear();
            } else if let Some(message) = self.outgoing.pop_front() {
                self.stream.start_send_unpin(message).ok();
            }
        }
        self.stream.poll_flush_unpin(cx).map(drop)
    }

    /// The next message, or none if the connection has ended.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        loop {
            return Poll::Ready(match ready!(self.stream.poll_next_unpin(cx)) {
                Some(Ok(tungstenite::Message::Text(text))) => {
                    let text = ByteString::try_from(Bytes::from(text));
                    Some(Message::Text(text.expect("tungstenite has checked it")))
                }
                Some(Ok(tungstenite::Message::Binary(bytes))) => Some(Message::Binary(bytes)),
                // A close frame is answered by reading on.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => None,
            });
        }
    }
}

/// What the pipe holds of either direction, in bytes, as a kernel's socket buffer does.
const PIPE: usize = 64 * 1024;
const READ_BUFFER: usize = 4 * 1024;

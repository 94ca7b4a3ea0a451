use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::WebSocket;
use super::io::{ByteStream, WebSocketIo};

/// A stream of messages between a session and its client. Becomes an enum if there is another such transport.
pub(crate) type MessageStream = WebSocket<WebSocketIo>;

/// A message stream that is not open yet.
#[derive(Debug)]
pub(crate) struct PendingStream {
    source: Source,
    max_payload: usize,
}

#[derive(Debug)]
enum Source {
    /// The HTTP server hands the connection over when the 101 is written.
    Upgrade(OnUpgrade),
    /// A stream that is ready to be used; `None` once it is opened.
    Attached(Option<WebSocketIo>),
}

impl PendingStream {
    /// Creates a stream over a connection that the HTTP server has not handed over yet.
    pub(crate) fn upgrading(upgrade: OnUpgrade, max_payload: usize) -> Self {
        Self { source: Source::Upgrade(upgrade), max_payload }
    }

    /// Creates a stream over a byte stream whose WebSocket handshake is complete.
    pub(crate) fn attached(stream: impl ByteStream + 'static, max_payload: usize) -> Self {
        let io = WebSocketIo::Attached(Box::new(stream));
        Self { source: Source::Attached(Some(io)), max_payload }
    }

    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<MessageStream, hyper::Error>> {
        let io = match &mut self.source {
            Source::Upgrade(upgrade) => {
                WebSocketIo::Upgraded(TokioIo::new(ready!(Pin::new(upgrade).poll(cx))?))
            }
            Source::Attached(io) => io.take().expect("a stream is opened once"),
        };
        Poll::Ready(Ok(WebSocket::new(io, self.max_payload)))
    }
}

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::WebSocket;
use super::io::{ByteStream, WebSocketIo};

/// A stream of messages between a session and its client. Another transport of streams makes it an enum.
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
    /// There until it is opened.
    Attached(Option<WebSocketIo>),
}

impl PendingStream {
    /// Over a connection that the HTTP server has not handed over.
    pub(crate) fn upgrading(upgrade: OnUpgrade, max_payload: usize) -> Self {
        Self { source: Source::Upgrade(upgrade), max_payload }
    }

    /// Over a stream that is past its handshake.
    pub(crate) fn attached(stream: impl ByteStream + 'static, max_payload: usize) -> Self {
        let carrier = WebSocketIo::Attached(Box::new(stream));
        Self { source: Source::Attached(Some(carrier)), max_payload }
    }

    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<MessageStream, hyper::Error>> {
        let carrier = match &mut self.source {
            Source::Upgrade(upgrade) => {
                WebSocketIo::Upgraded(TokioIo::new(ready!(Pin::new(upgrade).poll(cx))?))
            }
            Source::Attached(carrier) => carrier.take().expect("a stream is opened once"),
        };
        Poll::Ready(Ok(WebSocket::new(carrier, self.max_payload)))
    }
}

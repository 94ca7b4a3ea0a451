use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The byte stream below a WebSocket: a connection handed over by the HTTP server, or a stream provided by the
/// application.
///
/// The former is not boxed, because hyper has already boxed it.
pub(crate) enum WebSocketIo {
    Upgraded(TokioIo<Upgraded>),
    Attached(Box<dyn ByteStream>),
}

/// A bidirectional byte stream.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

impl AsyncRead for WebSocketIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(io) => Pin::new(io).poll_read(cx, buf),
            Self::Attached(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for WebSocketIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Upgraded(io) => Pin::new(io).poll_write(cx, bytes),
            Self::Attached(io) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Upgraded(io) => Pin::new(io).poll_write_vectored(cx, slices),
            Self::Attached(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Upgraded(io) => io.is_write_vectored(),
            Self::Attached(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(io) => Pin::new(io).poll_flush(cx),
            Self::Attached(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(io) => Pin::new(io).poll_shutdown(cx),
            Self::Attached(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for WebSocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgraded(_) => "Upgraded",
            Self::Attached(_) => "Attached",
        })
    }
}

//! An in-memory network for servers and clients of one process: no ports, no kernel, and it works with a paused clock.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// The number of bytes a connection buffers in each direction before its writer has to wait.
const PIPE: usize = 64 * 1024;

/// The address of an in-memory listener.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    backlog: mpsc::UnboundedSender<DuplexStream>,
    pipe: usize,
}

impl Network {
    /// Returns the same address, for connections that buffer `bytes` bytes in each direction.
    pub(crate) fn with_pipe(&self, bytes: usize) -> Self {
        Self { pipe: bytes, ..self.clone() }
    }
}

/// The connections to a [`Network`] that are not accepted yet. Once dropped, new connections are refused.
#[derive(Debug)]
pub(crate) struct Listener(mpsc::UnboundedReceiver<DuplexStream>);

/// Returns an in-memory listener and its address.
pub(crate) fn listen() -> (Network, Listener) {
    let (backlog, connections) = mpsc::unbounded_channel();
    (Network { backlog, pipe: PIPE }, Listener(connections))
}

impl Listener {
    /// Waits for a connection; returns `None` once all copies of the address have been dropped.
    pub(crate) async fn accept(&mut self) -> Option<DuplexStream> {
        self.0.recv().await
    }
}

impl axum::serve::Listener for Listener {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(stream) => (stream, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// An address that clients can connect to.
pub(crate) trait Connect: Clone {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Connect for Network {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = duplex(self.pipe);
        self.backlog.send(theirs).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(ours)
    }
}

impl Connect for SocketAddr {
    type Stream = TcpStream;

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(*self).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

//! A network in memory, for servers and clients of one process: no port, no kernel, and a clock that can be stopped.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// As much as a connection holds in each direction before its writer has to wait.
const PIPE: usize = 64 * 1024;

/// The address of a listener in memory.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    backlog: mpsc::UnboundedSender<DuplexStream>,
    pipe: usize,
}

impl Network {
    /// Returns the same address, for connections that hold so many bytes in each direction.
    pub(crate) fn with_pipe(&self, bytes: usize) -> Self {
        Self { pipe: bytes, ..self.clone() }
    }
}

/// The connections to a [`Network`] that are not accepted yet. Dropped, it refuses those that come later.
#[derive(Debug)]
pub(crate) struct Listener(mpsc::UnboundedReceiver<DuplexStream>);

/// Returns a listener in memory and its address.
pub(crate) fn listen() -> (Network, Listener) {
    let (backlog, connections) = mpsc::unbounded_channel();
    (Network { backlog, pipe: PIPE }, Listener(connections))
}

impl Listener {
    /// Waits for a connection; returns none when nobody knows the address any more.
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

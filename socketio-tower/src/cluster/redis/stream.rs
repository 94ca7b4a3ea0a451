use std::io;
use std::net::SocketAddr;

use futures_util::future::select_ok;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use super::Address;

/// A connection to a server, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The settings of TLS, or nothing if the feature is disabled.
#[cfg(feature = "redis-tls")]
pub(super) type Tls = super::tls::Tls;
#[cfg(not(feature = "redis-tls"))]
pub(super) type Tls = std::convert::Infallible;

/// Connects to an address. A name may have several IP addresses; the first that answers is taken, unless `at` has been
/// taken before. Returns the stream with the IP address.
pub(super) async fn open(
    address: &Address,
    at: Option<SocketAddr>,
    tls: Option<&Tls>,
) -> io::Result<(Box<dyn Stream>, Option<SocketAddr>)> {
    let (host, port) = match address {
        Address::Tcp { host, port } => (host, *port),
        Address::Unix(path) => return unix(path).await.map(|stream| (stream, None)),
    };
    let stream = match at {
        Some(at) => TcpStream::connect(at).await?,
        None => {
            let connecting: Vec<_> = lookup_host((&**host, port))
                .await?
                .map(|address| Box::pin(TcpStream::connect(address)))
                .collect();
            if connecting.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
            }
            select_ok(connecting).await?.0
        }
    };
    stream.set_nodelay(true)?;
    let at = stream.peer_addr()?;
    let stream: Box<dyn Stream> = match tls {
        #[cfg(feature = "redis-tls")]
        Some(tls) => Box::new(tls.connect(host, stream).await?),
        #[cfg(not(feature = "redis-tls"))]
        Some(tls) => match *tls {},
        None => Box::new(stream),
    };
    Ok((stream, Some(at)))
}

#[cfg(unix)]
async fn unix(path: &std::path::Path) -> io::Result<Box<dyn Stream>> {
    Ok(Box::new(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn unix(_: &std::path::Path) -> io::Result<Box<dyn Stream>> {
    Err(io::ErrorKind::Unsupported.into())
}

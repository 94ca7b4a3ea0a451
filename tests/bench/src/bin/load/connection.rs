//! One TCP connection to the server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, Type};

/// A connection that writes at once, and keeps the bytes that the kernel does not accept and the incomplete end of the
/// last read.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

/// The result of a read.
#[derive(Debug)]
pub(crate) struct Filled {
    /// The number of bytes in the buffer to process, including those kept from the last read.
    pub(crate) length: usize,
    pub(crate) next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing is left: an event will announce more.
    Wait,
    /// The buffer was full: there may be more.
    ReadAgain,
    /// The server has closed the connection.
    Closed,
}

/// The network to a client, as the server's kernel sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Loopback, with segments of 64 KiB; 2.6 MB may be in flight.
    Near,
    /// Like a real network: with its segments, and a small receive buffer at the client.
    Far,
}

const FAR_BUFFER: usize = 4096;
const FAR_SEGMENT: u32 = 1460;
/// The number of source addresses, each with 28 000 ports.
const SOURCES: usize = 64;

impl Connection {
    /// Starts to connect; the first bytes are sent when the connection is established.
    pub(crate) fn dial(
        registry: &Registry,
        address: SocketAddrV4,
        token: usize,
        number: usize,
        first: &[u8],
        reach: Reach,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.set_tcp_nodelay(true)?;
        if reach == Reach::Far {
            socket.set_recv_buffer_size(FAR_BUFFER)?;
            socket.set_tcp_mss(FAR_SEGMENT)?;
        }
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + (number % SOURCES) as u32);
        socket.bind(&SocketAddrV4::new(source, 0).into())?;
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, incoming: Vec::new(), outgoing: first.to_vec() })
    }

    /// Writes as much as the kernel accepts, and keeps the rest until [`flush`](Self::flush).
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.outgoing.is_empty() { self.write(bytes)? } else { 0 };
        self.outgoing.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Keeps the bytes until [`flush`](Self::flush), so that several messages are sent with one write.
    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Returns `true` if the kernel has accepted everything.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outgoing.is_empty()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if !self.outgoing.is_empty() {
            let outgoing = std::mem::take(&mut self.outgoing);
            let sent = self.write(&outgoing);
            self.outgoing = outgoing;
            self.outgoing.drain(..sent?);
        }
        Ok(())
    }

    /// Reads after the bytes that were [kept](Self::keep).
    pub(crate) fn read(&mut self, buffer: &mut [u8], hung_up: bool) -> io::Result<Filled> {
        let kept = self.incoming.len();
        if kept >= buffer.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        buffer[..kept].copy_from_slice(&self.incoming);
        self.incoming.clear();
        let (read, next) = loop {
            match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => break (0, Next::Closed),
                // epoll(7): a short read means that nothing is left, except for an end of file.
                Ok(read) if kept + read < buffer.len() && !hung_up => break (read, Next::Wait),
                Ok(read) => break (read, Next::ReadAgain),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => break (0, Next::Wait),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => break (0, Next::Closed),
                    _ => return Err(error),
                },
            }
        };
        Ok(Filled { length: kept + read, next })
    }

    /// Keeps incomplete bytes for the next read.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    /// Deregisters the connection for good; it stays open. Returns its local address.
    pub(crate) fn ignore(&mut self, registry: &Registry) -> io::Result<SocketAddrV4> {
        registry.deregister(&mut self.stream)?;
        match self.stream.local_addr()? {
            SocketAddr::V4(address) => Ok(address),
            SocketAddr::V6(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Resets the connection, as a lost network would.
    pub(crate) fn cut(self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Ok(sent) => return Ok(sent),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => return Ok(0),
                    // The read will report that the server has closed.
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return Ok(bytes.len()),
                    _ => return Err(error),
                },
            }
        }
    }
}

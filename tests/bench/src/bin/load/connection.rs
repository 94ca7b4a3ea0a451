//! One TCP connection to the server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, Type};

use crate::arguments::Target;

/// Writes at once, keeps what the kernel does not take, and what of the last read was incomplete.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

/// What a read has brought.
#[derive(Debug)]
pub(crate) struct Filled {
    /// Bytes of the buffer that are to be looked at, with what was kept of the last read before them.
    pub(crate) length: usize,
    pub(crate) next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing is left: an event tells when there is more.
    Wait,
    /// The buffer was full: there may be more.
    ReadAgain,
    /// The server has closed.
    Closed,
}

/// How the way to a client looks to the server's kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Loopback, with segments of 64 KiB; 2.6 MB may be under way.
    Near,
    /// As over a network: with its segments, and little room at the client.
    Far,
}

const FAR_BUFFER: usize = 4096;
const FAR_SEGMENT: u32 = 1460;
/// So many source addresses have 28 000 ports each.
const SOURCES: usize = 64;

impl Connection {
    /// Begins to connect; the first bytes go out when the connection is there.
    pub(crate) fn dial(
        registry: &Registry,
        target: &Target,
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
        match socket.connect(&target.address.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, incoming: Vec::new(), outgoing: first.to_vec() })
    }

    /// Writes what the kernel takes, and keeps the rest until [`flush`](Self::flush).
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.outgoing.is_empty() { self.write(bytes)? } else { 0 };
        self.outgoing.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Keeps the bytes until [`flush`](Self::flush), so that several messages leave with one write.
    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Whether the kernel has taken all.
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

    /// Reads after what was [kept](Self::keep).
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
                // epoll(7): less than was asked for means that nothing is left, but for an end of file
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

    /// Keeps what is incomplete for the next read.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    /// Stops listening to it, for good; it stays open. Its address at this end.
    pub(crate) fn ignore(&mut self, registry: &Registry) -> io::Result<SocketAddrV4> {
        registry.deregister(&mut self.stream)?;
        match self.stream.local_addr()? {
            SocketAddr::V4(address) => Ok(address),
            SocketAddr::V6(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Ends it as a lost network would: the server gets a reset.
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
                    // the read tells that the server has closed
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return Ok(bytes.len()),
                    _ => return Err(error),
                },
            }
        }
    }
}

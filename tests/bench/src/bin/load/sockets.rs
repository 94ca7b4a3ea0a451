//! All connections of a run, and the loop that polls them.

use std::io;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::arguments::Target;
use crate::connection::{Connection, Next, Reach};
use crate::failure::Failure;

/// The receiver of the server's data.
pub(crate) trait Receiver {
    /// Handles the available bytes: those left over by the last call, and those that have arrived since. Returns the
    /// number of bytes consumed.
    fn received(
        &mut self,
        sockets: &mut Sockets,
        token: usize,
        bytes: &[u8],
        at: Instant,
    ) -> Result<usize, Failure>;

    /// Called when the server has closed the connection.
    fn closed(&mut self, _sockets: &mut Sockets, token: usize) -> Result<(), Failure> {
        Err(Failure::Closed(token))
    }
}

#[derive(Debug)]
pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    /// By token.
    connections: Vec<Option<Connection>>,
    target: Target,
    dialled: usize,
}

/// The size of the largest message, with some margin.
const BUFFER: usize = 1 << 20;

impl Sockets {
    pub(crate) fn new(target: &Target) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new().map_err(|error| Failure::Io("epoll", error))?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER],
            connections: Vec::new(),
            target: target.clone(),
            dialled: 0,
        })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Starts to connect; the first bytes are sent when the connection is established.
    pub(crate) fn dial(&mut self, token: usize, first: &[u8], reach: Reach) -> Result<(), Failure> {
        self.dial_to(self.target.address, token, first, reach)
    }

    /// The same as [`dial`](Self::dial), to another server.
    pub(crate) fn dial_to(
        &mut self,
        address: SocketAddrV4,
        token: usize,
        first: &[u8],
        reach: Reach,
    ) -> Result<(), Failure> {
        let registry = self.poll.registry();
        let connection = Connection::dial(registry, address, token, self.dialled, first, reach)
            .map_err(|error| Failure::Io("connect", error))?;
        self.dialled += 1;
        if self.connections.len() <= token {
            self.connections.resize_with(token + 1, || None);
        }
        self.connections[token] = Some(connection);
        Ok(())
    }

    /// Sends at once.
    pub(crate) fn send(&mut self, token: usize, bytes: &[u8]) -> Result<(), Failure> {
        self.with(token, |connection| connection.send(bytes))
    }

    /// Sends with the next [`flush`](Self::flush), so that several messages are sent with one write.
    pub(crate) fn queue(&mut self, token: usize, bytes: &[u8]) -> Result<(), Failure> {
        self.with(token, |connection| {
            connection.queue(bytes);
            Ok(())
        })
    }

    /// Returns `true` if the kernel has accepted everything that was sent.
    pub(crate) fn is_flushed(&self, token: usize) -> bool {
        matches!(self.connections.get(token), Some(Some(connection)) if connection.is_flushed())
    }

    pub(crate) fn flush(&mut self, token: usize) -> Result<(), Failure> {
        self.with(token, Connection::flush)
    }

    /// Closes the connection after everything has been sent.
    pub(crate) fn close(&mut self, token: usize) {
        self.connections[token] = None;
    }

    /// Resets the connection, as a lost network would.
    pub(crate) fn cut(&mut self, token: usize) -> Result<(), Failure> {
        let cut = self.connections[token].take().map(Connection::cut);
        cut.unwrap_or(Ok(())).map_err(|error| Failure::Io("close", error))
    }

    /// Never reads again; the connection stays open. Returns its address.
    pub(crate) fn ignore(&mut self, token: usize) -> Result<SocketAddrV4, Failure> {
        let Some(Some(connection)) = self.connections.get_mut(token) else {
            return Err(Failure::Closed(token));
        };
        let address = connection.ignore(self.poll.registry());
        address.map_err(|error| Failure::Io("a client that stops to read", error))
    }

    /// Waits for events for at most `wait`, and passes on the data that has arrived.
    pub(crate) fn turn(
        &mut self,
        wait: Option<Duration>,
        receiver: &mut impl Receiver,
    ) -> Result<(), Failure> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.map_err(|error| Failure::Io("epoll", error))?,
        }
        // Both are moved out, so that the receiver may use everything else.
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = events.iter().try_for_each(|event| {
            let hung_up = event.is_read_closed() || event.is_error();
            let token = event.token().0;
            self.write(token)?;
            if event.is_readable() || hung_up {
                self.read(token, hung_up, &mut buffer, receiver)?;
            }
            Ok(())
        });
        self.events = events;
        self.buffer = buffer;
        result
    }

    /// Sends the bytes that waited for room.
    fn write(&mut self, token: usize) -> Result<(), Failure> {
        match &mut self.connections[token] {
            Some(connection) => connection.flush().map_err(|error| Failure::Io("write", error)),
            None => Ok(()),
        }
    }

    fn read(
        &mut self,
        token: usize,
        hung_up: bool,
        buffer: &mut [u8],
        receiver: &mut impl Receiver,
    ) -> Result<(), Failure> {
        // The receiver may have closed it.
        while let Some(connection) = &mut self.connections[token] {
            let filled = connection.read(buffer, hung_up).map_err(|error| Failure::Io("read", error))?;
            let bytes = &buffer[..filled.length];
            if !bytes.is_empty() {
                let used = receiver.received(self, token, bytes, Instant::now())?;
                if let Some(connection) = &mut self.connections[token] {
                    connection.keep(&bytes[used..]);
                }
            }
            match filled.next {
                Next::ReadAgain => {}
                Next::Wait => return Ok(()),
                Next::Closed => return receiver.closed(self, token),
            }
        }
        Ok(())
    }

    fn with(
        &mut self,
        token: usize,
        act: impl FnOnce(&mut Connection) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self.connections.get_mut(token) {
            Some(Some(connection)) => act(connection).map_err(|error| Failure::Io("write", error)),
            _ => Err(Failure::Closed(token)),
        }
    }
}

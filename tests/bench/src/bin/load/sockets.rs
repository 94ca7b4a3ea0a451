//! All connections of a run, and the loop that waits for them.

use std::io;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::arguments::Target;
use crate::connection::{Connection, Next, Reach};
use crate::failure::Failure;

/// What is done with what the server sends.
pub(crate) trait Receiver {
    /// All that is there: what the last call left over, and what has come since. Returns how much of it is
    /// done with.
    fn received(
        &mut self,
        sockets: &mut Sockets,
        token: usize,
        bytes: &[u8],
        at: Instant,
    ) -> Result<usize, Failure>;

    /// The server has closed.
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

/// The largest message, and some.
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

    /// Begins to connect; the first bytes go out when the connection is there.
    pub(crate) fn dial(&mut self, token: usize, first: &[u8], reach: Reach) -> Result<(), Failure> {
        let registry = self.poll.registry();
        let connection = Connection::dial(registry, &self.target, token, self.dialled, first, reach)
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

    /// Sends with the next [`flush`](Self::flush), so that several messages leave with one write.
    pub(crate) fn queue(&mut self, token: usize, bytes: &[u8]) -> Result<(), Failure> {
        self.with(token, |connection| {
            connection.queue(bytes);
            Ok(())
        })
    }

    /// Whether the kernel has taken all that was sent.
    pub(crate) fn is_flushed(&self, token: usize) -> bool {
        matches!(self.connections.get(token), Some(Some(connection)) if connection.is_flushed())
    }

    pub(crate) fn flush(&mut self, token: usize) -> Result<(), Failure> {
        self.with(token, Connection::flush)
    }

    /// Closes, having sent all.
    pub(crate) fn close(&mut self, token: usize) {
        self.connections[token] = None;
    }

    /// Ends it as a lost network would: the server gets a reset.
    pub(crate) fn cut(&mut self, token: usize) -> Result<(), Failure> {
        let cut = self.connections[token].take().map(Connection::cut);
        cut.unwrap_or(Ok(())).map_err(|error| Failure::Io("close", error))
    }

    /// Never reads again; the connection stays. This is its address.
    pub(crate) fn ignore(&mut self, token: usize) -> Result<SocketAddrV4, Failure> {
        let Some(Some(connection)) = self.connections.get_mut(token) else {
            return Err(Failure::Closed(token));
        };
        let address = connection.ignore(self.poll.registry());
        address.map_err(|error| Failure::Io("a client that stops to read", error))
    }

    /// Waits for events, at most this long, and hands on what they bring.
    pub(crate) fn turn(
        &mut self,
        wait: Option<Duration>,
        receiver: &mut impl Receiver,
    ) -> Result<(), Failure> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.map_err(|error| Failure::Io("epoll", error))?,
        }
        // both are taken out, so that the receiver may use all the rest
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

    /// Sends what has waited for room.
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
        // the receiver may have closed it
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

//! Socket.IO clients over WebSocket, all on one thread.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::arguments::Target;
use crate::connection::{Connection, Next};
use crate::failure::Failure;
use crate::frame::{self, Frame};
use crate::http;

/// What a workload does with what its clients receive.
pub(crate) trait Script {
    /// The client has been accepted to `/`.
    fn connected(&mut self, _client: usize, _at: Instant) {}

    /// A message to a connected client. What is appended to `reply` leaves when all that was read has been
    /// looked at, with one write.
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>);
}

/// A script of nothing: for clients that only sit there. Counts messages.
#[derive(Debug, Default)]
pub(crate) struct Silent {
    pub(crate) messages: u64,
}

#[derive(Debug)]
pub(crate) struct Clients {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    reply: Vec<u8>,
    clients: Vec<Client>,
    target: Target,
    upgrade: Vec<u8>,
    connect: Vec<u8>,
    pong: Vec<u8>,
    /// How many are connected.
    ready: usize,
    dialled: usize,
    pings: u64,
}

#[derive(Debug)]
struct Client {
    connection: Option<Connection>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The HTTP response is awaited.
    Upgrading,
    /// Engine.IO's open packet is awaited.
    Opening,
    /// Socket.IO's answer to `40` is awaited.
    Connecting,
    Ready,
    /// Closed, or not listened to.
    Gone,
}

/// The largest message, and some.
const BUFFER: usize = 1 << 20;
/// So many connects are under way at once: fewer than any server's backlog.
const UNDER_WAY: usize = 100;
/// A server that takes longer for anything does not work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl Clients {
    pub(crate) fn new(target: &Target) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new().map_err(|error| Failure::Io("epoll", error))?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER],
            reply: Vec::new(),
            clients: Vec::new(),
            target: target.clone(),
            upgrade: http::upgrade(target, None),
            connect: frame::text("40"),
            pong: frame::text("3"),
            ready: 0,
            dialled: 0,
            pings: 0,
        })
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready
    }

    /// How many pings have been answered.
    pub(crate) fn pings(&self) -> u64 {
        self.pings
    }

    /// Adds clients and waits until all are connected.
    pub(crate) fn connect(&mut self, count: usize, script: &mut impl Script) -> Result<(), Failure> {
        self.connect_with(count, None, script)
    }

    /// As [`connect`](Self::connect), with a receive buffer of that size.
    pub(crate) fn connect_with(
        &mut self,
        count: usize,
        receive_buffer: Option<usize>,
        script: &mut impl Script,
    ) -> Result<(), Failure> {
        let (ready, wanted) = (self.ready, self.ready + count);
        let mut started = 0;
        let mut progress = (self.ready, Instant::now());
        while self.ready < wanted {
            while started < count && started + ready < self.ready + UNDER_WAY {
                let client = self.clients.len();
                self.clients.push(Client { connection: None, state: State::Gone });
                self.dial_with(client, receive_buffer)?;
                started += 1;
            }
            self.turn(Some(Duration::from_millis(100)), script)?;
            if self.ready > progress.0 {
                progress = (self.ready, Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                let what = format!("client {} of {count} connects", self.ready - ready + 1);
                return Err(Failure::Timeout(what, PATIENCE));
            }
        }
        Ok(())
    }

    /// Adds a client that is not connected.
    pub(crate) fn add(&mut self) -> usize {
        self.clients.push(Client { connection: None, state: State::Gone });
        self.clients.len() - 1
    }

    /// Begins to connect a client that is gone.
    pub(crate) fn dial(&mut self, client: usize) -> Result<(), Failure> {
        self.dial_with(client, None)
    }

    fn dial_with(&mut self, client: usize, receive_buffer: Option<usize>) -> Result<(), Failure> {
        let registry = self.poll.registry();
        let connection =
            Connection::dial(registry, &self.target, client, self.dialled, &self.upgrade, receive_buffer)
                .map_err(|error| Failure::Io("connect", error))?;
        self.dialled += 1;
        self.clients[client] = Client { connection: Some(connection), state: State::Upgrading };
        Ok(())
    }

    /// Sends to the server at once.
    pub(crate) fn send(&mut self, client: usize, frames: &[u8]) -> Result<(), Failure> {
        match &mut self.clients[client].connection {
            Some(connection) => connection.send(frames).map_err(|error| Failure::Io("write", error)),
            None => Err(Failure::Closed(client)),
        }
    }

    /// Sends with the next [`flush`](Self::flush).
    pub(crate) fn queue(&mut self, client: usize, frames: &[u8]) {
        if let Some(connection) = &mut self.clients[client].connection {
            connection.queue(frames);
        }
    }

    pub(crate) fn flush(&mut self, client: usize) -> Result<(), Failure> {
        self.send(client, &[])?;
        match &mut self.clients[client].connection {
            Some(connection) => connection.flush().map_err(|error| Failure::Io("write", error)),
            None => Ok(()),
        }
    }

    /// Leaves with a close frame, as a page does that is closed.
    pub(crate) fn close(&mut self, client: usize) -> Result<(), Failure> {
        self.send(client, &frame::close())?;
        self.remove(client);
        Ok(())
    }

    /// Leaves as a lost network would: the server gets a reset.
    pub(crate) fn cut(&mut self, client: usize) -> Result<(), Failure> {
        self.remove(client).map_or(Ok(()), Connection::cut).map_err(|error| Failure::Io("close", error))
    }

    /// Never reads again, and answers no pings. The connection stays; this is its port.
    pub(crate) fn stall(&mut self, client: usize) -> Result<u16, Failure> {
        let Some(mut connection) = self.remove(client) else { return Err(Failure::Closed(client)) };
        let port = connection.ignore(self.poll.registry()).and_then(|()| connection.port());
        self.clients[client].connection = Some(connection);
        port.map_err(|error| Failure::Io("a client that stops to read", error))
    }

    /// Waits for events, at most this long, and lets the script work on them.
    pub(crate) fn turn(&mut self, wait: Option<Duration>, script: &mut impl Script) -> Result<(), Failure> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.map_err(|error| Failure::Io("epoll", error))?,
        }
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let mut result = Ok(());
        for event in &events {
            let client = event.token().0;
            let hung_up = event.is_read_closed() || event.is_error();
            result = self.handle(client, event.is_readable() || hung_up, hung_up, script);
            if result.is_err() {
                break;
            }
        }
        std::mem::swap(&mut self.events, &mut events);
        result
    }

    /// Turns until `deadline`.
    pub(crate) fn run(&mut self, deadline: Instant, script: &mut impl Script) -> Result<(), Failure> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.turn(Some(left.min(Duration::from_millis(20))), script)?;
        }
    }

    /// Turns until the script is done, which must be within [`PATIENCE`].
    pub(crate) fn run_until<S: Script>(
        &mut self,
        what: &str,
        script: &mut S,
        done: impl Fn(&S) -> bool,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        while !done(script) {
            self.turn(Some(Duration::from_millis(20)), script)?;
            if start.elapsed() > PATIENCE {
                return Err(Failure::Timeout(what.to_owned(), PATIENCE));
            }
        }
        Ok(())
    }

    fn remove(&mut self, client: usize) -> Option<Connection> {
        let gone = Client { connection: None, state: State::Gone };
        let Client { connection, state } = std::mem::replace(&mut self.clients[client], gone);
        if state == State::Ready {
            self.ready -= 1;
        }
        connection
    }

    fn handle(
        &mut self,
        client: usize,
        readable: bool,
        hung_up: bool,
        script: &mut impl Script,
    ) -> Result<(), Failure> {
        let Client { connection: Some(connection), state } = &mut self.clients[client] else { return Ok(()) };
        if *state == State::Gone {
            return Ok(());
        }
        let failed = |error| Failure::Io("a connection", error);
        connection.flush().map_err(failed)?;
        let mut next = if readable { Next::ReadAgain } else { Next::Wait };
        while next == Next::ReadAgain {
            let filled = connection.read(&mut self.buffer, hung_up).map_err(failed)?;
            next = filled.next;
            let before = *state;
            let bytes = &self.buffer[..filled.length];
            let at = Instant::now();
            let mut used = 0;
            if *state == State::Upgrading {
                match http::accepted(bytes) {
                    Ok(Some(length)) => used = length,
                    Ok(None) => {
                        connection.keep(bytes);
                        continue;
                    }
                    Err(status) => {
                        return Err(Failure::Contract(format!("a WebSocket is answered with {status:?}")));
                    }
                }
                *state = State::Opening;
            }
            loop {
                let frame = Frame::parse(&bytes[used..])
                    .map_err(|malformed| Failure::Contract(format!("client {client} got {malformed}")))?;
                let Some((frame, length)) = frame else { break };
                used += length;
                match (*state, frame) {
                    (_, Frame::Text(b"2")) => {
                        self.pings += 1;
                        self.reply.extend_from_slice(&self.pong);
                    }
                    (_, Frame::Control) => {}
                    (_, Frame::Close) => next = Next::Closed,
                    (State::Ready, message) => script.receive(client, message, at, &mut self.reply),
                    (State::Opening, Frame::Text([b'0', b'{', ..])) => {
                        *state = State::Connecting;
                        self.reply.extend_from_slice(&self.connect);
                    }
                    (State::Connecting, Frame::Text([b'4', b'0', b'{', ..])) => {
                        *state = State::Ready;
                        script.connected(client, at);
                    }
                    (state, frame) => {
                        return Err(Failure::Contract(format!(
                            "client {client} got {frame:?} while {state:?}"
                        )));
                    }
                }
            }
            connection.keep(&bytes[used..]);
            if before != State::Ready && *state == State::Ready {
                self.ready += 1;
            }
            if !self.reply.is_empty() {
                connection.send(&self.reply).map_err(failed)?;
                self.reply.clear();
            }
        }
        if next == Next::Closed { Err(Failure::Closed(client)) } else { Ok(()) }
    }
}

impl Script for Silent {
    fn receive(&mut self, _client: usize, _message: Frame<'_>, _at: Instant, _reply: &mut Vec<u8>) {
        self.messages += 1;
    }
}
